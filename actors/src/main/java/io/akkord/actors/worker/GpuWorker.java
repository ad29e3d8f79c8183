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
import io.akkord.model.objective.Moments;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
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

  /** Rewrite a group of demonstrations with the policy of a version. */
  public record Rewrite(long committedSteps, RewriteGroup group) implements Command {}

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

  private record SharesOf(long number, List<Integer> shards) {}

  private final RunFacts facts;
  private final String id;
  private final Compute compute;
  private final Bulk bulk;
  private final LaneInbox inbox;
  private final ActorRef<ParameterServer.Command> server;
  private final ActorRef<Ledger.Command> ledger;
  private final ActorRef<Supervisor.Command> supervisor;
  private final ActorRef<WorkerHost.Command> host;
  private final TimerScheduler<Command> timers;
  private final ActorRef<Ledger.TableContent> tableAdapter;
  private final ActorRef<Rewriter.Command> rewriter;
  private final PhaseClock phases;
  private final TreeMap<Long, Map<Integer, LaneInbox.Block>> incoming = new TreeMap<>();
  private final Map<Long, List<SharesOf>> sharesOfStep = new HashMap<>();
  private final List<Long> scored = new ArrayList<>();
  private final Set<Long> unpushed = new HashSet<>();
  private final List<CompletableFuture<?>> sends = new ArrayList<>();
  private final List<Command> waitingForVersion = new ArrayList<>();
  private List<List<LaneAddress>> sliceLanes = List.of();
  private long pushed = -1;
  private SharesOf shares;
  private StepMoments moments;
  private TableStamp stamp;
  private TableStamp taking;
  private Proceed proceed;
  private CompletableFuture<Void> installation = CompletableFuture.completedFuture(null);

  /** The version the device reads or has read; {@link #version} follows when it has. */
  private long newest = -1;

  private long version = -1;
  private long proceeded = -1;
  private long noBoundaryUpTo = -1;
  private long started = -1;

  /** Shares of the begun step under an older assignment count no more. */
  private long countsFrom = -1;

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
    this.bulk = bulk;
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
    if (assigned.attempt() != facts.attempt()) {
      return this;
    }
    if (shares != null && assigned.number() <= shares.number()) {
      // A repeated one must not be computed twice, an older one is over.
      return this;
    }
    SharesOf now = new SharesOf(assigned.number(), assigned.now());
    boolean anew = assigned.anew() || shares == null;
    List<SharesOf> ofStep = new ArrayList<>(anew ? List.of() : sharesOf(assigned.step()));
    ofStep.add(now);
    sharesOfStep.put(assigned.step(), ofStep);
    shares = new SharesOf(assigned.number(), assigned.all());
    if (started > assigned.step()) {
      // The parameters took the lane and were faster.
      beginAnew(shares);
    } else if (started == assigned.step() && anew) {
      beginAnew(now);
    } else if (started == assigned.step()) {
      forward(started, now);
    } else {
      startWhenReady();
    }
    return this;
  }

  /** What was begun of the step counts under no assignment any more. */
  private void beginAnew(SharesOf share) {
    countsFrom = share.number();
    scored.clear();
    unpushed.clear();
    forward(started, share);
  }

  private Behavior<Command> onHolders(Holders holders) {
    if (holders.attempt() == facts.attempt()) {
      sliceLanes = holders.lanes();
    }
    return this;
  }

  private Behavior<Command> onPoll(Poll poll) {
    server.tell(new ParameterServer.Position(id, poll.step(), pushed >= poll.step()));
    return this;
  }

  private List<SharesOf> sharesOf(long step) {
    return sharesOfStep.getOrDefault(step, List.of(shares));
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
    LaneInbox.Block old =
        incoming.computeIfAbsent(header.step(), v -> new TreeMap<>()).put(header.slice(), block);
    if (old != null) {
      old.release().run();
    }
    installWhenComplete();
    return this;
  }

  private void installWhenComplete() {
    if (newest > version || incoming.isEmpty()) {
      return;
    }
    long next = incoming.lastKey();
    Map<Integer, LaneInbox.Block> blocks = incoming.get(next);
    if (blocks.size() < facts.slices().size()) {
      return;
    }
    newest = next;
    List<ByteBuffer> slices = new ArrayList<>();
    facts.slices().forEach(slice -> slices.add(blocks.get(slice.index()).bytes()));
    installation = compute.install(slices).toCompletableFuture();
    getContext().pipeToSelf(installation, (done, failure) -> new Installed(next, failure));
  }

  private Behavior<Command> onInstalled(Installed installed) {
    if (installed.failure() != null) {
      return fail("installing parameters", installed.failure());
    }
    version = installed.version();
    phases.installed();
    sharesOfStep.keySet().removeIf(step -> step < version);
    incoming
        .headMap(version, true)
        .values()
        .forEach(blocks -> blocks.values().forEach(block -> block.release().run()));
    incoming.headMap(version, true).clear();
    scored.clear();
    moments = null;
    List<Command> ready = List.copyOf(waitingForVersion);
    waitingForVersion.clear();
    ready.forEach(command -> getContext().getSelf().tell(command));
    startWhenReady();
    installWhenComplete();
    return this;
  }

  private Behavior<Command> onProceed(Proceed told) {
    if (proceed != null && told.committedSteps() < proceed.committedSteps()) {
      return this;
    }
    boolean asked = proceed != null && told.table().equals(proceed.table());
    proceed = told;
    if (told.table().equals(stamp)) {
      proceedNow();
    } else if (!asked) {
      pull();
    }
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
    getContext().getLog().warn("worker {}: no rewrite table from the ledger, asked again", id);
    pull();
    return this;
  }

  /** Only the table that it was told of is taken, once; until it comes it is asked for again. */
  private Behavior<Command> onTable(Table table) {
    TableStamp arrived = table.content().stamp();
    boolean wanted = proceed != null && arrived.equals(proceed.table());
    if (!wanted || arrived.equals(stamp) || arrived.equals(taking)) {
      return this;
    }
    timers.cancel(PullAgain.INSTANCE);
    taking = arrived;
    getContext()
        .pipeToSelf(
            compute.useTable(table.content().samples()),
            (done, failure) -> new TableUsed(arrived, failure));
    return this;
  }

  private Behavior<Command> onTableUsed(TableUsed used) {
    if (used.failure() != null) {
      return fail("taking the rewrite table", used.failure());
    }
    stamp = used.stamp();
    if (proceed.table().equals(stamp)) {
      proceedNow();
    }
    return this;
  }

  private void proceedNow() {
    proceeded = proceed.committedSteps();
    startWhenReady();
  }

  private void startWhenReady() {
    boolean over = version >= facts.plan().totalSteps();
    if (shares == null || version < 0 || over || started == version || !mayCompute()) {
      return;
    }
    started = version;
    countsFrom = -1;
    unpushed.clear();
    sharesOf(version).forEach(group -> forward(version, group));
  }

  /**
   * Whether every boundary up to the version is over and its rewrites are in force. Parameters take
   * the lane, so they may be here before the word that a boundary is over.
   */
  private boolean mayCompute() {
    if (proceeded < 0 || version < proceeded || !proceed.table().equals(stamp)) {
      return false;
    }
    noBoundaryUpTo = Math.max(noBoundaryUpTo, proceeded);
    while (noBoundaryUpTo < version && !facts.waitsAfter(noBoundaryUpTo + 1)) {
      noBoundaryUpTo++;
    }
    return noBoundaryUpTo >= version;
  }

  private void forward(long step, SharesOf group) {
    if (group.shards().isEmpty()) {
      return;
    }
    unpushed.add(group.number());
    getContext()
        .pipeToSelf(
            compute.forward(step, group.number(), group.shards()),
            (scores, failure) -> new Forwarded(step, group.number(), scores, failure));
  }

  private Behavior<Command> onForwarded(Forwarded forwarded) {
    if (forwarded.failure() != null) {
      return fail("scoring step " + forwarded.step(), forwarded.failure());
    }
    if (forwarded.step() == started && forwarded.assignment() >= countsFrom) {
      Scores scores = forwarded.scores();
      phases.forwarded(scores);
      scored.add(forwarded.assignment());
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
    if (told.attempt() != facts.attempt() || told.step() != started) {
      return this;
    }
    moments = told;
    phases.opened();
    List<Long> groups = List.copyOf(scored);
    scored.clear();
    groups.forEach(this::backward);
    return this;
  }

  private void backward(long assignment) {
    long step = started;
    Moments all = new Moments(moments.mean(), moments.std(), moments.count());
    getContext()
        .pipeToSelf(
            compute.backward(step, assignment, all, moments.batchSize(), moments.batchTokens()),
            (sums, failure) -> new Backwarded(step, assignment, sums, failure));
  }

  private Behavior<Command> onBackwarded(Backwarded done) {
    if (done.failure() != null) {
      return fail("the gradient of step " + done.step(), done.failure());
    }
    phases.backwarded();
    sends.removeIf(CompletableFuture::isDone);
    done.sums().forEach(sum -> push(done, sum));
    unpushed.remove(done.assignment());
    if (done.step() == started && unpushed.isEmpty()) {
      pushed = done.step();
    }
    return this;
  }

  private void push(Backwarded done, PartialSum sum) {
    List<CompletableFuture<?>> parts = new ArrayList<>();
    for (int i = 0; i < facts.slices().size(); i++) {
      BulkHeader header =
          new BulkHeader(
              facts.runId(),
              facts.attempt(),
              done.step(),
              done.assignment(),
              Kind.GRADIENT,
              SliceBlocks.wire(facts),
              sum.node().lo(),
              sum.node().hi(),
              facts.slices().get(i).index());
      for (LaneAddress lane : sliceLanes.get(i)) {
        // A copy that is lost takes nothing; those that live count.
        parts.add(
            bulk.send(lane, header, sum.slices().get(i))
                .toCompletableFuture()
                .exceptionally(lost -> null));
      }
    }
    sends.add(
        CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
            .whenComplete(
                (released, failure) -> {
                  phases.pushed();
                  sum.release().run();
                }));
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
      rewriter.tell(new Rewriter.Rewrite(rewrite.group(), rewrite.committedSteps()));
    }
    return this;
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
    List<LaneInbox.Block> blocks = new ArrayList<>();
    incoming.values().forEach(ofVersion -> blocks.addAll(ofVersion.values()));
    installation.whenComplete(
        (installed, failure) -> blocks.forEach(block -> block.release().run()));
    inbox.close();
    CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new))
        .whenComplete((released, failure) -> compute.close());
    return this;
  }
}
