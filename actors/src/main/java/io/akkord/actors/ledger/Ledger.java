package io.akkord.actors.ledger;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.persistence.typed.PersistenceId;
import akka.persistence.typed.RecoveryCompleted;
import akka.persistence.typed.SnapshotAdapter;
import akka.persistence.typed.javadsl.CommandHandler;
import akka.persistence.typed.javadsl.CommandHandlerBuilder;
import akka.persistence.typed.javadsl.Effect;
import akka.persistence.typed.javadsl.EventHandler;
import akka.persistence.typed.javadsl.EventSourcedBehavior;
import akka.persistence.typed.javadsl.RetentionCriteria;
import akka.persistence.typed.javadsl.SignalHandler;
import io.akkord.actors.CborMessage;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.actors.journal.DiskSync;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.LedgerSeeded;
import io.akkord.proto.LedgerImage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the score history of every demonstration and decides which of them are rewritten.
 *
 * <p>A reply goes out only after the journal write and after the disk was forced, so what is
 * acknowledged survives a power loss. A failed write stops the actor, which restarts with back-off
 * from the journal; what it had not acknowledged may be lost, so every sender re-sends until it is
 * answered, and every command may be repeated.
 */
public final class Ledger extends EventSourcedBehavior<Ledger.Command, LedgerEvent, Ledger.State> {

  /** What the ledger can be told. Whoever tells it something re-sends until it is answered. */
  public sealed interface Command extends CborMessage {}

  /**
   * Stores one optimiser step. A stored step is acknowledged again; a step out of order is answered
   * with the last stored step and stores nothing.
   *
   * @param step 0-based
   * @param samples data-set indices in batch order
   * @param costs c of each sample in nats per token, in the same order
   * @param mean mean of the batch's costs
   * @param std population standard deviation of the batch's costs
   * @param skipped the step moved no weight, so it moves no average
   */
  @SuppressWarnings("ArrayRecordComponent") // dense numbers; nobody compares commands
  public record CommitStep(
      long step,
      int[] samples,
      float[] costs,
      double mean,
      double std,
      boolean skipped,
      ActorRef<StepStored> replyTo)
      implements Command {

    /** Refuses numbers that would poison an average. */
    public CommitStep {
      if (samples.length != costs.length) {
        throw new IllegalArgumentException(samples.length + " samples, " + costs.length + " costs");
      }
      for (int i = 0; i < costs.length && !skipped; i++) {
        if (!Float.isFinite(costs[i])) {
          throw new IllegalArgumentException(
              "step "
                  + step
                  + " is not skipped though sample "
                  + samples[i]
                  + " costs "
                  + costs[i]);
        }
      }
    }
  }

  /**
   * Opens rewriting cycle {@code cycle} once exactly the steps below {@code committedSteps} are
   * stored.
   */
  public record OpenCycle(int cycle, long committedSteps, ActorRef<CycleOpened> replyTo)
      implements Command {}

  /** Stores what became of one group of an open cycle, its outcomes in the order of the tasks. */
  public record StoreGroup(
      int cycle, int group, List<RewriteOutcome> outcomes, ActorRef<GroupStored> replyTo)
      implements Command {}

  /** Ends a cycle all of whose groups are stored; from here on its rewrites are visible. */
  public record CloseCycle(int cycle, ActorRef<CycleClosed> replyTo) implements Command {}

  /** Asks for the rewrites in force. */
  public record PullTable(ActorRef<TableContent> replyTo) implements Command {}

  /** Writes the whole state to a file, for a checkpoint after {@code committedSteps} steps. */
  public record SaveTo(String file, long committedSteps, ActorRef<Saved> replyTo)
      implements Command {}

  /** {@code step} is on disk, and so are all before it; −1 when none is. */
  public record StepStored(long step) implements CborMessage {}

  /**
   * The groups still to be rewritten.
   *
   * @param candidates how many samples were candidates before the coin
   * @param reason how they were chosen, or why there are none
   */
  public record CycleOpened(
      int cycle, List<RewriteGroup> missingGroups, int candidates, String reason)
      implements CborMessage {}

  /** The unit of rewriting: these samples are generated in one batch, whoever computes it. */
  public record RewriteGroup(int cycle, int group, List<RewriteTask> tasks)
      implements CborMessage {}

  /** A sample to rewrite and the revision the rewrite would have. */
  public record RewriteTask(int sample, int nextRevision) implements CborMessage {}

  /** The group is on disk. */
  public record GroupStored(int cycle, int group) implements CborMessage {}

  /**
   * What became of one task.
   *
   * @param revision the task's {@code nextRevision}
   * @param reason why it was accepted or not
   * @param completionIds the new completion, with EOS when accepted
   * @param costBefore c of the completion in force, in nats per token
   * @param costAfter c of the new one; NaN if it was not scored
   * @param policyVersion committed steps of the weights that wrote it
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record RewriteOutcome(
      int sample,
      int revision,
      boolean accepted,
      String reason,
      int[] completionIds,
      String text,
      double costBefore,
      double costAfter,
      long policyVersion)
      implements CborMessage {}

  /** The cycle's end is on disk and its rewrites are in force. */
  public record CycleClosed(int cycle, TableStamp table, int accepted, int rejected)
      implements CborMessage {}

  /**
   * Names one state of the rewrite table.
   *
   * @param version number of closed cycles
   * @param hash SHA-256 in hex over (sample, revision, ids) in sample order
   */
  public record TableStamp(long version, String hash) implements CborMessage {}

  /** The rewrites in force, by rising sample index. */
  public record TableContent(TableStamp stamp, List<RewrittenSample> samples)
      implements CborMessage {}

  /** A sample whose completion was replaced. */
  @SuppressWarnings("ArrayRecordComponent")
  public record RewrittenSample(int sample, int revision, int[] completionIds)
      implements CborMessage {}

  /**
   * The answer to {@link SaveTo}.
   *
   * @param sequenceNr the last journal event in the file
   * @param error why there is no such file, or null
   * @param early the ledger is not there yet, or past it, or the journal is not on the disk:
   *     nothing was written, and it may be asked again
   */
  public record Saved(long committedSteps, long sequenceNr, String error, boolean early)
      implements CborMessage {}

  /** What the journal has told so far. */
  public sealed interface State {}

  private enum Unseeded implements State {
    INSTANCE
  }

  private record Running(LedgerState ledger) implements State {}

  /** The first thing a new attempt tells itself: store where it starts from. */
  private enum Begin implements Command {
    INSTANCE
  }

  /** Dispatcher for file work; see {@code reference.conf}. */
  private static final String BLOCKING_IO = "akkord.blocking-io";

  // A restart within one attempt replays at most this many events: about two seconds.
  private static final int SNAPSHOT_EVERY = 1000;

  private static final Logger LOG = LoggerFactory.getLogger(Ledger.class);

  private final ActorContext<Command> context;
  private final LedgerSetup setup;
  private final DiskSync disk;
  private final Executor blockingIo;

  /**
   * Steps and path of the newest file, and what became of it. Whoever asks again gets the same
   * answer: the file may be part of a checkpoint by then and must not be opened a second time.
   */
  private String savedFor;

  private CompletableFuture<Saved> saved;

  /**
   * The ledger of one attempt of a run.
   *
   * @param setup the attempt's constants
   * @param disk forces the journal to disk before anything is acknowledged
   */
  public static Behavior<Command> create(LedgerSetup setup, DiskSync disk) {
    return Behaviors.setup(context -> new Ledger(context, setup, disk));
  }

  private Ledger(ActorContext<Command> context, LedgerSetup setup, DiskSync disk) {
    super(
        PersistenceId.ofUniqueId(setup.persistenceId()),
        SupervisorStrategy.restartWithBackoff(Duration.ofMillis(200), Duration.ofSeconds(10), 0.1));
    this.context = context;
    this.setup = setup;
    this.disk = disk;
    this.blockingIo =
        context.getSystem().dispatchers().lookup(DispatcherSelector.fromConfig(BLOCKING_IO));
  }

  /** Holds nothing that changes: a restart after a failed write begins with this very object. */
  @Override
  public State emptyState() {
    return Unseeded.INSTANCE;
  }

  @Override
  public CommandHandler<Command, LedgerEvent, State> commandHandler() {
    CommandHandlerBuilder<Command, LedgerEvent, State> builder = newCommandHandlerBuilder();
    builder
        .forStateType(Unseeded.class)
        .onCommand(Begin.class, this::onBegin)
        .onAnyCommand(() -> Effect().stash());
    builder
        .forStateType(Running.class)
        .onCommand(CommitStep.class, (state, c) -> onCommitStep(state.ledger(), c))
        .onCommand(OpenCycle.class, (state, c) -> onOpenCycle(state.ledger(), c))
        .onCommand(StoreGroup.class, (state, c) -> onStoreGroup(state.ledger(), c))
        .onCommand(CloseCycle.class, (state, c) -> onCloseCycle(state.ledger(), c))
        .onCommand(PullTable.class, (state, c) -> onPullTable(state.ledger(), c))
        .onCommand(SaveTo.class, (state, c) -> onSaveTo(state.ledger(), c))
        .onCommand(Begin.class, () -> Effect().none());
    return builder.build();
  }

  private Effect<LedgerEvent, State> onBegin() {
    LedgerSeeded seeded =
        LedgerSeeded.newBuilder()
            .setRunId(setup.runId())
            .setAttempt(setup.attempt())
            .setResumedFromCommittedSteps(
                setup.resume().map(seed -> seed.image().getCommittedSteps()).orElse(0L))
            .setRules(setup.rules())
            .setTakenOverFrom(setup.resume().map(LedgerSeed::takenOverFrom).orElse(0L))
            .setOtherTerms(setup.otherTerms())
            .build();
    List<LedgerEvent> events = new ArrayList<>();
    events.add(LedgerEvent.newBuilder().setSeeded(seeded).build());
    setup.resume().map(LedgerSeed::lacking).orElse(List.of()).stream()
        .map(step -> LedgerEvent.newBuilder().setStepCommitted(step).build())
        .forEach(events::add);
    return Effect().persist(events).thenUnstashAll();
  }

  private Effect<LedgerEvent, State> onCommitStep(LedgerState ledger, CommitStep command) {
    Decision decision = LedgerDecisions.commit(ledger, command);
    if (decision instanceof Decision.Refuse refusal) {
      LOG.warn("{} stores nothing: {}", setup.persistenceId(), refusal.reason());
      acknowledge(command.replyTo(), new StepStored(ledger.committedSteps() - 1));
      return Effect().none();
    }
    return carryOut(decision, command.replyTo(), () -> new StepStored(command.step()));
  }

  private Effect<LedgerEvent, State> onOpenCycle(LedgerState ledger, OpenCycle command) {
    Decision decision = LedgerDecisions.open(ledger, setup, command);
    return carryOut(
        decision, command.replyTo(), () -> LedgerDecisions.opened(ledger, command.cycle()));
  }

  private Effect<LedgerEvent, State> onStoreGroup(LedgerState ledger, StoreGroup command) {
    Decision decision = LedgerDecisions.store(ledger, command);
    return carryOut(
        decision, command.replyTo(), () -> new GroupStored(command.cycle(), command.group()));
  }

  private Effect<LedgerEvent, State> onCloseCycle(LedgerState ledger, CloseCycle command) {
    Decision decision = LedgerDecisions.close(ledger, command);
    return carryOut(
        decision, command.replyTo(), () -> LedgerDecisions.closed(ledger, command.cycle()));
  }

  private Effect<LedgerEvent, State> onPullTable(LedgerState ledger, PullTable command) {
    // A rewrite must be on disk before it is used, so this answer waits for the force as well.
    acknowledge(command.replyTo(), new TableContent(ledger.tableStamp(), ledger.rewritten()));
    return Effect().none();
  }

  private Effect<LedgerEvent, State> onSaveTo(LedgerState ledger, SaveTo command) {
    long sequenceNr = lastSequenceNumber(context);
    if (ledger.committedSteps() != command.committedSteps() || ledger.openCycle().isPresent()) {
      String error =
          "the ledger holds "
              + ledger.committedSteps()
              + " steps"
              + (ledger.openCycle().isPresent() ? " and a cycle is open" : "")
              + "; a checkpoint after "
              + command.committedSteps()
              + " steps was asked for";
      command.replyTo().tell(new Saved(command.committedSteps(), sequenceNr, error, true));
      return Effect().none();
    }
    String asked = command.committedSteps() + " " + command.file();
    boolean failed = saved != null && saved.isDone() && saved.getNow(null).error() != null;
    if (!asked.equals(savedFor) || failed) {
      LedgerImage image = ledger.image(setup.runId(), setup.attempt(), sequenceNr);
      Path file = Path.of(command.file());
      savedFor = asked;
      // A checkpoint must not know of steps that the journal may still lose.
      saved =
          disk.sync()
              .handleAsync(
                  (synced, failure) ->
                      failure == null
                          ? save(image, file)
                          : new Saved(
                              image.getCommittedSteps(),
                              image.getSequenceNr(),
                              "the journal cannot be forced to disk: " + failure,
                              true),
                  blockingIo)
              .toCompletableFuture();
    }
    saved.thenAccept(command.replyTo()::tell);
    return Effect().none();
  }

  private static Saved save(LedgerImage image, Path file) {
    String error = null;
    try {
      LedgerFile.write(file, image);
    } catch (IOException e) {
      error =
          "%s cannot be written (%s): %s"
              .formatted(
                  file,
                  e,
                  FreeSpace.real()
                      .text(file.toAbsolutePath().getParent(), image.getSerializedSize()));
    }
    return new Saved(image.getCommittedSteps(), image.getSequenceNr(), error, false);
  }

  private <R> Effect<LedgerEvent, State> carryOut(
      Decision decision, ActorRef<R> replyTo, Supplier<R> reply) {
    if (decision instanceof Decision.Store store) {
      return Effect().persist(store.events()).thenRun(() -> acknowledge(replyTo, reply.get()));
    }
    if (decision instanceof Decision.Refuse refusal) {
      LOG.warn("{} does not answer: {}", setup.persistenceId(), refusal.reason());
      return Effect().none();
    }
    acknowledge(replyTo, reply.get());
    return Effect().none();
  }

  /** From the thread that forced the disk: a reply touches no state of this actor. */
  private <R> void acknowledge(ActorRef<R> replyTo, R reply) {
    disk.sync()
        .whenComplete(
            (done, failure) -> {
              if (failure == null) {
                replyTo.tell(reply);
              } else {
                LOG.warn(
                    "{} is not acknowledged, the disk was not forced: {}",
                    reply,
                    failure.toString());
              }
            });
  }

  @Override
  public EventHandler<State, LedgerEvent> eventHandler() {
    return (state, event) -> {
      if (event.hasSeeded()) {
        return new Running(start());
      }
      ((Running) state).ledger().apply(event);
      return state;
    };
  }

  private LedgerState start() {
    return setup
        .resume()
        .map(seed -> LedgerState.of(seed.image()))
        .orElseGet(() -> new LedgerState(setup.rules()));
  }

  @Override
  public SignalHandler<State> signalHandler() {
    return newSignalHandlerBuilder()
        .onSignal(RecoveryCompleted.instance(), this::onRecoveryCompleted)
        .build();
  }

  private void onRecoveryCompleted(State state) {
    if (state == Unseeded.INSTANCE) {
      context.getSelf().tell(Begin.INSTANCE);
    }
  }

  @Override
  public RetentionCriteria retentionCriteria() {
    return RetentionCriteria.snapshotEvery(SNAPSHOT_EVERY, 2);
  }

  /** A snapshot is the same image as ledger.bin, copied on this actor's thread. */
  @Override
  public SnapshotAdapter<State> snapshotAdapter() {
    return new SnapshotAdapter<>() {
      @Override
      public Object toJournal(State state) {
        return ((Running) state)
            .ledger()
            .image(setup.runId(), setup.attempt(), lastSequenceNumber(context));
      }

      @Override
      public State fromJournal(Object from) {
        return new Running(LedgerState.of((LedgerImage) from));
      }
    };
  }
}
