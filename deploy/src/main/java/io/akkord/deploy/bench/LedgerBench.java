package io.akkord.deploy.bench;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.ledger.LedgerCompaction;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerSetup;
import io.akkord.actors.ledger.ScoreKind;
import io.akkord.config.Persistence;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The ledger on a real journal: seconds until a large one is back after its process has ended, and
 * what 10,000 steps leave on the disk.
 */
public final class LedgerBench {
  private static final int BATCH = 256;
  private static final double MEBIBYTE = 1048576.0;

  /** Steps that are told without waiting, as the parameter server has it at most. */
  private static final int UNDER_WAY = 4;

  private static final Duration DEADLINE = Duration.ofMinutes(10);
  private static final String RUN = "bench-ledger";

  private final Persistence persistence;
  private final Consumer<String> progress;

  /**
   * Prepares a bench.
   *
   * @param persistence H2 in a temporary folder, or the PostgreSQL database that these name; the
   *     bench's events stay in that
   */
  public LedgerBench(Persistence persistence, Consumer<String> progress) {
    this.persistence = persistence;
    this.progress = progress;
  }

  /** A ledger that takes part: journal, actor system, actor. */
  private final class Open implements AutoCloseable {
    private final Journal journal;
    private final ActorSystem<Ledger.Command> system;

    Open(Path run, String runId, int samples) {
      journal = Journal.open(run, persistence);
      LedgerSetup setup =
          new LedgerSetup(
              runId,
              1,
              samples,
              0.9,
              ScoreKind.Z,
              1e-6,
              2,
              0.005,
              0.5,
              1,
              16,
              Optional.empty(),
              false);
      system =
          ActorSystem.create(
              Behaviors.setup(
                  context ->
                      Ledger.create(
                          setup,
                          journal.diskSync(
                              context
                                  .getSystem()
                                  .dispatchers()
                                  .lookup(DispatcherSelector.fromConfig("akkord.blocking-io"))))),
              "bench-ledger",
              journal.config().withFallback(ConfigFactory.load()));
    }

    <R> CompletableFuture<R> ask(Function<ActorRef<R>, Ledger.Command> message) {
      return AskPattern.<Ledger.Command, R>ask(system, message::apply, DEADLINE, system.scheduler())
          .toCompletableFuture();
    }

    /** Steps of 256 samples each, drawn at random. */
    void commit(long from, long to, int samples) {
      for (long next = from; next < to; next += UNDER_WAY) {
        CompletableFuture.allOf(
                LongStream.range(next, Math.min(to, next + UNDER_WAY))
                    .mapToObj(step -> this.<Ledger.StepStored>ask(who -> step(step, samples, who)))
                    .toArray(CompletableFuture[]::new))
            .join();
      }
    }

    @Override
    public void close() {
      system.terminate();
      system.getWhenTerminated().toCompletableFuture().join();
      journal.close();
    }
  }

  private static Ledger.Command step(long step, int samples, ActorRef<Ledger.StepStored> replyTo) {
    SplittableRandom random = new SplittableRandom(step);
    int[] ids = new int[BATCH];
    float[] costs = new float[BATCH];
    for (int i = 0; i < BATCH; i++) {
      ids[i] = random.nextInt(samples);
      costs[i] = (float) (1 + random.nextDouble());
    }
    return new Ledger.CommitStep(step, ids, costs, 1.5, 0.29, false, replyTo);
  }

  /**
   * Seconds until a ledger answers that was closed with a snapshot and some events behind it.
   *
   * @param samples of the data set
   */
  public Figure recovery(int samples, int rounds) throws Exception {
    double[] seconds = new double[rounds];
    try (BenchFolder folder = BenchFolder.create()) {
      Path run = run(folder);
      String id = RUN + "-" + System.nanoTime();
      try (Open ledger = new Open(run, id, samples)) {
        ledger.commit(0, 1_500, samples);
        progress.accept("1,500 steps of %d samples are stored".formatted(BATCH));
      }
      for (int round = 0; round < rounds; round++) {
        long start = System.nanoTime();
        try (Open ledger = new Open(run, id, samples)) {
          ledger.ask(Ledger.PullTable::new).join();
          seconds[round] = (System.nanoTime() - start) / 1e9;
        }
        progress.accept("recovery %d of %d: %.2f s".formatted(round + 1, rounds, seconds[round]));
      }
    }
    return Figure.alone("ledger_recovery_%d_samples_%s".formatted(samples, kind()), seconds, "s");
  }

  /**
   * MiB on the disk after so many steps of 256 samples, with a checkpoint every 500 and without
   * one: journal with and without compaction, what is left of the compacted one when its run has
   * ended, and the history that compaction writes.
   */
  public List<Figure> disk(int steps) throws Exception {
    double[] compacted = {0};
    double[] plain = {0};
    double[] closed = {0};
    double[] history = {0};
    // In this order, or the second would fill what the first has left free in a database.
    for (boolean compact : new boolean[] {false, true}) {
      try (BenchFolder folder = BenchFolder.create()) {
        Path run = run(folder);
        String id = RUN + "-" + System.nanoTime();
        double before;
        try (Open ledger = new Open(run, id, 100_000)) {
          before = journal(run);
          for (int step = 0; step < steps; step += 500) {
            ledger.commit(step, step + 500, 100_000);
            if (compact) {
              new LedgerCompaction(run, id, 1, ledger.journal).behind(step + 500);
            }
            if ((step + 500) % 2_000 == 0) {
              progress.accept(
                  "step %d: journal %.1f MiB, history %.1f MiB"
                      .formatted(step + 500, journal(run) - before, size(run.resolve("history"))));
            }
          }
          (compact ? compacted : plain)[0] = journal(run) - before;
          try (LedgerReader reader = LedgerReader.of(run, id, ledger.journal)) {
            if (reader.state().committedSteps() != steps) {
              throw new IllegalStateException("the history is not whole");
            }
          }
        }
        closed[0] = journal(run) - before;
        history[0] = Math.max(history[0], size(run.resolve("history")));
      }
    }
    return List.of(
        Figure.paired(
            "journal_after_%d_steps_%s".formatted(steps, kind()),
            compacted,
            "MiB",
            plain,
            "never compacted"),
        Figure.alone("journal_after_its_end_%s".formatted(kind()), closed, "MiB"),
        Figure.alone("history_after_%d_steps".formatted(steps), history, "MiB"));
  }

  private String kind() {
    return persistence.shared() ? "postgresql" : "h2";
  }

  private static Path run(BenchFolder folder) throws IOException {
    return Files.createDirectories(folder.root().resolve("run"));
  }

  private double journal(Path run) throws SQLException {
    if (!persistence.shared()) {
      return size(run.resolve("journal"));
    }
    try (Connection connection =
            DriverManager.getConnection(
                persistence.url(), persistence.user(), persistence.password().reveal());
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT pg_total_relation_size('event_journal') + pg_total_relation_size('snapshot')")) {
      rows.next();
      return rows.getLong(1) / MEBIBYTE;
    }
  }

  private static double size(Path folder) {
    if (Files.notExists(folder)) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(LedgerBench::bytes).sum() / MEBIBYTE;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long bytes(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
