package io.akkord.actors.worker;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.akkord.actors.CborMessage;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.SliceBlocks;
import io.akkord.actors.rewrite.Rewriter;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.worker.Compute.EvalScore;
import io.akkord.actors.worker.Compute.PartialSum;
import io.akkord.actors.worker.Compute.Scores;
import io.akkord.actors.worker.WorkerShares.Share;
import io.akkord.model.objective.Moments;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * One device: computes scores and gradients of its logical shards. The last parameter slice of a
 * version is its "go"; after a boundary it waits to be told to proceed.
 */
public final class GpuWorker extends AbstractBehavior<GpuWorker.Command> {

  /** What a worker can be told. */
  public sealed interface Command extends CborMessage {}

  /**
   * Its share.
   *
   * @param step the first step this is about
   * @param number of the assignment; rises with every one
   * @param anew whether what it had of that step before counts no more; otherwise {@code now} comes
   *     on top of it
   * @param now shards of that step that it must compute under this assignment
   * @param all its shards of every later step
   */
  public record Assigned(
      long attempt, long step, long number, boolean anew, List<Integer> now, List<Integer> all)
      implements Command {}

  /** Where the gradient of each slice goes from now on: to every copy of the slice. */
  public record Holders(long attempt, List<List<LaneAddress>> lanes) implements Command {}

  /** Say how far you are with a step. */
  public record Poll(long step) implements Command {}

  /** The barrier is open: statistics of the whole step. */
  public record StepMoments(
      long attempt, long step, double mean, double std, int count, int batchSize, long batchTokens)
      implements Command {}

  /** A boundary is over; rewrites of the stamp's table are in force. */
  public record Proceed(long committedSteps, TableStamp table) implements Command {}

  /** Score a group of held-out samples at a version. */
  public record Evaluate(long committedSteps, int group) implements Command {}

  /**
   * Rewrite a group of demonstrations with the policy of a version.
   *
   * @param table the rewrites in force, with which the new ones are compared
   */
  public record Rewrite(long committedSteps, RewriteGroup group, TableStamp table)
      implements Command {}

  /** End. */
  public record Leave(String reason) implements Command {}

  private record Opened(String canary, Throwable failure) implements Command {}

  private record BlockArrived(BulkHeader header, long block) implements Command {}

  private record Installed(long version, Throwable failure) implements Command {}

  private record Forwarded(long step, long assignment, Scores scores, Throwable failure)
      implements Command {}

  private record Backwarded(long step, long assignment, List<PartialSum> sums, Throwable failure)
      implements Command {}

  private record Evaluated(long committedSteps, EvalScore score, Throwable failure)
      implements Command {}

  private record Table(Ledger.TableContent content) implements Command {}

  private record TableUsed(TableStamp stamp, Throwable failure) implements Command {}

  private enum PullAgain implements Command {
    INSTANCE
  }

  private final RunFacts facts;
  private final String id;
  private final Compute compute;
  private final LaneInbox inbox;
  private final ActorRef<ParameterServer.Command> server;
  private final ActorRef<Ledger.Command> ledger;
  private final ActorRef<Supervisor.Command> supervisor;
  private final ActorRef<WorkerHost.Command> host;
  private final TimerScheduler<Command> timers;
  private final ActorRef<Ledger.TableContent> tableAdapter;
  private final ActorRef<Rewriter.Command> rewriter;
  private final PhaseClock phases;
  private final ArrivedSlices incoming;
  private final WorkerShares shares = new WorkerShares();
  private final BoundaryGate gate;
  private final GradientSender gradients;
  private final List<Command> waitingForVersion = new ArrayList<>();
  private final List<Command> waitingForTable = new ArrayList<>();
  private CompletableFuture<Void> installation = CompletableFuture.completedFuture(null);

  /** The version the device reads or has read; {@link #version} follows when it has. */
  private long newest = -1;

  private long version = -1;

  /**
   * A worker.
   *
   * @param id stable name, for assignments and messages
   * @param inbox where parameters arrive
   */
  public static Behavior<Command> create(
      RunFacts facts,
      String id,
      Compute compute,
      Bulk bulk,
      LaneInbox inbox,
      ActorRef<ParameterServer.Command> server,
      ActorRef<Ledger.Command> ledger,
      ActorRef<Supervisor.Command> supervisor,
      ActorRef<WorkerHost.Command> host) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new GpuWorker(
                        context,
                        timers,
                        facts,
                        id,
                        compute,
                        bulk,
                        inbox,
                        server,
                        ledger,
                        supervisor,
                        host)));
  }

  private GpuWorker(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      RunFacts facts,
      String id,
      Compute compute,
      Bulk bulk,
      LaneInbox inbox,
      ActorRef<ParameterServer.Command> server,
      ActorRef<Ledger.Command> ledger,
      ActorRef<Supervisor.Command> supervisor,
      ActorRef<WorkerHost.Command> host) {
    super(context);
    this.host = host;
    this.timers = timers;
    this.facts = facts;
    this.id = id;
    this.phases = new PhaseClock(id, System::nanoTime);
    this.compute = compute;
    this.incoming = new ArrivedSlices(facts.slices().size());
    this.gate = new BoundaryGate(facts::waitsAfter);
    this.gradients = new GradientSender(facts, bulk, phases);
    this.inbox = inbox;
    this.server = server;
    this.ledger = ledger;
    this.supervisor = supervisor;
    this.tableAdapter = context.messageAdapter(Ledger.TableContent.class, Table::new);
    this.rewriter = context.spawn(Rewriter.create(id, compute, supervisor), "rewriter");
    ActorRef<Command> self = context.getSelf();
    inbox.listen(arrived -> self.tell(new BlockArrived(arrived.header(), arrived.block())));
    context.pipeToSelf(compute.open(), Opened::new);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Opened.class, this::onOpened)
        .onMessage(Assigned.class, this::onAssigned)
        .onMessage(Holders.class, this::onHolders)
        .onMessage(Poll.class, this::onPoll)
        .onMessage(BlockArrived.class, this::onBlockArrived)
        .onMessage(Installed.class, this::onInstalled)
        .onMessage(Proceed.class, this::onProceed)
        .onMessage(Table.class, this::onTable)
        .onMessage(TableUsed.class, this::onTableUsed)
        .onMessageEquals(PullAgain.INSTANCE, this::onPullAgain)
        .onMessage(Forwarded.class, this::onForwarded)
        .onMessage(StepMoments.class, this::onStepMoments)
        .onMessage(Backwarded.class, this::onBackwarded)
        .onMessage(Evaluate.class, this::onEvaluate)
        .onMessage(Evaluated.class, this::onEvaluated)
        .onMessage(Rewrite.class, this::onRewrite)
        .onMessage(Leave.class, this::onLeave)
        .onSignal(PostStop.class, this::onPostStop)
        .build();
  }

  private Behavior<Command> onOpened(Opened opened) {
    if (opened.failure() != null) {
      return fail("opening the engine", opened.failure());
    }
    supervisor.tell(
        new Supervisor.Join(
            id,
            getContext().getSelf(),
            inbox.address(),
            host,
            opened.canary(),
            compute.machine(),
            ProcessHandle.current().pid()));
    return this;
  }

  /** Tells why before it stops: its watcher only sees that it did. */
  private Behavior<Command> fail(String what, Throwable cause) {
    getContext().getLog().error("worker {} stops: {}", id, what, cause);
    supervisor.tell(new Supervisor.WorkerFailed(id, what + ": " + cause.getMessage()));
    return Behaviors.stopped();
  }

  private Behavior<Command> onAssigned(Assigned assigned) {
    if (assigned.attempt() == facts.attempt()) {
      shares.assign(assigned, newest).forEach(this::forward);
      startWhenReady();
    }
    return this;
  }

  private Behavior<Command> onHolders(Holders holders) {
    if (holders.attempt() == facts.attempt()) {
      gradients.use(holders.lanes());
    }
    return this;
  }

  private Behavior<Command> onPoll(Poll poll) {
    server.tell(new ParameterServer.Position(id, poll.step(), shares.hasPushed(poll.step())));
    return this;
  }

  private Behavior<Command> onBlockArrived(BlockArrived arrived) {
    BulkHeader header = arrived.header();
    boolean wanted =
        SliceBlocks.isOurs(facts, header)
            && header.kind() == Kind.PARAMETERS
            && header.step() > newest;
    if (!wanted) {
      inbox.refuse(arrived.block());
      return this;
    }
    LaneInbox.Block block = inbox.take(arrived.block());
    Optional<String> flaw = SliceBlocks.flaw(facts, block);
    if (flaw.isPresent()) {
      getContext().getLog().warn("worker {} refused {}", id, flaw.get());
      block.release().run();
      return this;
    }
    phases.block();
    incoming.put(block);
    installWhenComplete();
    return this;
  }

  /** What the device reads now is not released for another block of the same version. */
  private void installWhenComplete() {
    Optional<List<ByteBuffer>> slices = newest > version ? Optional.empty() : incoming.complete();
    if (slices.isPresent()) {
      newest = incoming.newest();
      long next = newest;
      installation = compute.install(slices.get()).toCompletableFuture();
      getContext().pipeToSelf(installation, (done, failure) -> new Installed(next, failure));
    }
  }

  private Behavior<Command> onInstalled(Installed installed) {
    if (installed.failure() != null) {
      return fail("installing parameters", installed.failure());
    }
    version = installed.version();
    phases.installed();
    incoming.release(version);
    shares.installed(version);
    tryAgain(waitingForVersion);
    startWhenReady();
    installWhenComplete();
    return this;
  }

  private void tryAgain(List<Command> waiting) {
    List<Command> ready = List.copyOf(waiting);
    waiting.clear();
    ready.forEach(command -> getContext().getSelf().tell(command));
  }

  private Behavior<Command> onProceed(Proceed told) {
    if (gate.proceed(told)) {
      pull();
    }
    startWhenReady();
    return this;
  }

  private void pull() {
    ledger.tell(new Ledger.PullTable(tableAdapter));
    timers.startSingleTimer(
        PullAgain.INSTANCE,
        PullAgain.INSTANCE,
        facts.settings().deadlines().ledgerAcknowledgement());
  }

  private Behavior<Command> onPullAgain() {
    if (gate.lacksTable()) {
      getContext().getLog().warn("worker {}: no rewrite table from the ledger, asked again", id);
      pull();
    }
    return this;
  }

  /** Only the table that it was told of is taken, once; until it comes it is asked for again. */
  private Behavior<Command> onTable(Table table) {
    TableStamp arrived = table.content().stamp();
    if (gate.take(arrived)) {
      timers.cancel(PullAgain.INSTANCE);
      getContext()
          .pipeToSelf(
              compute.useTable(table.content().samples()),
              (done, failure) -> new TableUsed(arrived, failure));
    }
    return this;
  }

  private Behavior<Command> onTableUsed(TableUsed used) {
    if (used.failure() != null) {
      return fail("taking the rewrite table", used.failure());
    }
    gate.taken(used.stamp());
    tryAgain(waitingForTable);
    startWhenReady();
    return this;
  }

  private void startWhenReady() {
    // What is computed while newer parameters are read counts for nobody.
    boolean isHere = version >= 0 && version == newest;
    boolean over = version >= facts.plan().totalSteps();
    if (isHere && !over && shares.canBegin(version) && gate.isOpen(version)) {
      shares.begin(version).forEach(this::forward);
    }
  }

  /** A share of the begun step. */
  private void forward(Share share) {
    long step = shares.begun();
    getContext()
        .pipeToSelf(
            compute.forward(step, share.number(), share.shards()),
            (scores, failure) -> new Forwarded(step, share.number(), scores, failure));
  }

  private Behavior<Command> onForwarded(Forwarded forwarded) {
    if (forwarded.failure() != null) {
      return fail("scoring step " + forwarded.step(), forwarded.failure());
    }
    if (shares.scored(forwarded.step(), forwarded.assignment())) {
      Scores scores = forwarded.scores();
      phases.forwarded(scores);
      supervisor.tell(new Supervisor.HeldShare(id, scores.held(), scores.microBatches()));
      server.tell(
          new ParameterServer.Scored(
              facts.attempt(),
              forwarded.step(),
              forwarded.assignment(),
              id,
              scores.shards(),
              phases.take()));
    }
    return this;
  }

  private Behavior<Command> onStepMoments(StepMoments told) {
    if (told.attempt() == facts.attempt() && told.step() == shares.begun()) {
      phases.opened();
      shares.takeScored().forEach(assignment -> backward(told, assignment));
    }
    return this;
  }

  private void backward(StepMoments told, long assignment) {
    Moments all = new Moments(told.mean(), told.std(), told.count());
    getContext()
        .pipeToSelf(
            compute.backward(told.step(), assignment, all, told.batchSize(), told.batchTokens()),
            (sums, failure) -> new Backwarded(told.step(), assignment, sums, failure));
  }

  private Behavior<Command> onBackwarded(Backwarded done) {
    if (done.failure() != null) {
      return fail("the gradient of step " + done.step(), done.failure());
    }
    phases.backwarded();
    gradients.send(done.step(), done.assignment(), done.sums());
    shares.pushed(done.step(), done.assignment());
    return this;
  }

  private Behavior<Command> onEvaluate(Evaluate evaluate) {
    if (version < evaluate.committedSteps()) {
      waitingForVersion.add(evaluate);
    } else if (newest == evaluate.committedSteps()) {
      evaluate(evaluate);
    }
    return this;
  }

  private void evaluate(Evaluate evaluate) {
    getContext()
        .pipeToSelf(
            compute.evaluate(evaluate.group()),
            (score, failure) -> new Evaluated(evaluate.committedSteps(), score, failure));
  }

  private Behavior<Command> onEvaluated(Evaluated evaluated) {
    if (evaluated.failure() != null) {
      return fail("evaluating", evaluated.failure());
    }
    supervisor.tell(new Supervisor.Evaluated(id, evaluated.committedSteps(), evaluated.score()));
    return this;
  }

  private Behavior<Command> onRewrite(Rewrite rewrite) {
    if (version < rewrite.committedSteps()) {
      waitingForVersion.add(rewrite);
    } else if (newest == rewrite.committedSteps()) {
      rewriteWithTable(rewrite);
    }
    return this;
  }

  /** A worker that came in the middle of a cycle has no table yet. */
  private void rewriteWithTable(Rewrite rewrite) {
    if (gate.isInForce(rewrite.table())) {
      rewriter.tell(new Rewriter.Rewrite(rewrite.group(), rewrite.committedSteps()));
    } else if (!gate.isPast(rewrite.table())) {
      waitingForTable.add(rewrite);
      if (gate.want(rewrite.table())) {
        pull();
      }
    }
  }

  private Behavior<Command> onLeave(Leave leave) {
    getContext().getLog().info("worker {} leaves: {}", id, leave.reason());
    return Behaviors.stopped();
  }

  /**
   * Its gradients may still be read; their memory goes when the last reader has let go. So do the
   * parameters, of which the device may be the reader.
   */
  private Behavior<Command> onPostStop(PostStop signal) {
    List<LaneInbox.Block> blocks = incoming.detach();
    installation.whenComplete(
        (installed, failure) -> blocks.forEach(block -> block.release().run()));
    inbox.close();
    gradients.released().whenComplete((released, failure) -> compute.close());
    return this;
  }
}
