package io.akkord.actors.ledger;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.Ledger.CommitStep;
import io.akkord.actors.ledger.Ledger.StepStored;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * A ledger on a real journal in a run folder; as a process of its own it commits until it is
 * killed.
 */
final class LedgerProcess implements AutoCloseable {
  private static final int UNDER_WAY = 20;

  private final Journal journal;
  private final ActorSystem<Ledger.Command> system;

  LedgerProcess(Path run, LedgerSetup setup) throws IOException {
    this(run, setup, Journal.open(run));
  }

  LedgerProcess(Path run, LedgerSetup setup, Journal journal) throws IOException {
    Files.writeString(run.resolve("run.json"), "{\"run_id\": \"" + setup.runId() + "\"}");
    this.journal = journal;
    system =
        ActorSystem.create(
            Behaviors.setup(
                context -> {
                  Executor io =
                      context
                          .getSystem()
                          .dispatchers()
                          .lookup(DispatcherSelector.fromConfig("akkord.blocking-io"));
                  return Ledger.create(setup, journal.diskSync(io));
                }),
            "ledger",
            journal.config().withFallback(ConfigFactory.load()));
  }

  <R> R ask(Function<ActorRef<R>, Ledger.Command> message) throws Exception {
    return AskPattern.ask(system, message::apply, Duration.ofSeconds(20), system.scheduler())
        .toCompletableFuture()
        .get();
  }

  StepStored commit(long step) throws Exception {
    return ask(replyTo -> commit(step, replyTo));
  }

  private static CommitStep commit(long step, ActorRef<StepStored> replyTo) {
    return new CommitStep(step, new int[] {3, 4}, new float[] {5f, 2f}, 2, 1, false, replyTo);
  }

  /** Empty if no answer comes in time. */
  Optional<StepStored> tryCommit(long step, Duration patience) throws Exception {
    try {
      return Optional.of(
          AskPattern.<Ledger.Command, StepStored>ask(
                  system, replyTo -> commit(step, replyTo), patience, system.scheduler())
              .toCompletableFuture()
              .get());
    } catch (ExecutionException e) {
      return Optional.empty();
    }
  }

  /** Many steps, a few at a time under way, as the parameter server has it. */
  void commitAll(long from, long to) throws Exception {
    for (long next = from; next < to; next += UNDER_WAY) {
      CompletableFuture.allOf(
              LongStream.range(next, Math.min(to, next + UNDER_WAY))
                  .mapToObj(this::tell)
                  .toArray(CompletableFuture[]::new))
          .get();
    }
  }

  private CompletableFuture<StepStored> tell(long step) {
    return AskPattern.<Ledger.Command, StepStored>ask(
            system,
            replyTo ->
                new CommitStep(step, new int[] {3, 4}, new float[] {5f, 2f}, 2, 1, false, replyTo),
            Duration.ofMinutes(2),
            system.scheduler())
        .toCompletableFuture();
  }

  Journal journal() {
    return journal;
  }

  @Override
  public void close() throws Exception {
    system.terminate();
    system.getWhenTerminated().toCompletableFuture().get();
    journal.close();
  }

  /** Prints every acknowledged step until the process dies. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] arguments) throws Exception {
    LedgerProcess ledger = new LedgerProcess(Path.of(arguments[0]), LedgerFixture.SETUP);
    for (long step = Long.parseLong(arguments[1]); ; step++) {
      System.out.println(ledger.commit(step).step());
    }
  }
}
