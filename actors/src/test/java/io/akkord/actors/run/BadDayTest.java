package io.akkord.actors.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.PoisonPill;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Adapter;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.netty.FlippingLane;
import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.actors.journal.Journal;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.model.TestModels;
import io.akkord.model.UserError;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Disks, files and numbers go bad under a real run: it says so, and nothing is lost. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadDayTest {
  private static final int STEPS = 6;
  private static final int ROWS = 16;

  @TempDir static Path folder;
  private Path model;
  private Path data;
  private String quiet;

  // What a test changes.
  private Set<String> anyway;
  private FreeSpace space;
  private Bulk bulk;
  private BiConsumer<TrainingRun, RunEvent> listener;
  private final List<String> said = new CopyOnWriteArrayList<>();

  @BeforeAll
  void runWithoutDisturbance() throws Exception {
    model = Files.createDirectory(folder.resolve("model"));
    try (Stream<Path> files = Files.list(TestModels.stories260K())) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
    data = rows(folder.resolve("data.jsonl"), 0, ROWS);
    reset();
    assertThat(run("quiet", false).finished()).isTrue();
    quiet = hash("quiet");
  }

  @BeforeEach
  void reset() {
    anyway = Set.of();
    space = FreeSpace.real();
    bulk = new InJvmBulk();
    listener = (run, event) -> {};
    said.clear();
  }

  private static Path rows(Path file, int from, int count) throws IOException {
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(
          file, lines.skip(from).limit(count).collect(Collectors.joining("\n")) + "\n");
    }
    return file;
  }

  // ---- checkpoints ------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aDamagedCheckpointIsPassedOverAndTheBitsStay(boolean flip) throws Exception {
    String name = flip ? "flipped" : "truncated";
    stopAfter(3);
    assertThat(run(name, false).outcome()).isEqualTo("stopped");
    List<Checkpoints.Checkpoint> saved = Checkpoints.list(folder.resolve(name));
    assertThat(saved).hasSizeGreaterThan(1);
    Path newest = saved.get(0).folder();
    long older = saved.get(1).committedSteps();
    damage(newest.resolve("optimizer.safetensors"), flip);
    reset();
    assertThat(run(name, true).finished()).isTrue();
    assertThat(said)
        .anyMatch(
            line ->
                line.startsWith(newest + " is passed over: ")
                    && line.contains("optimizer.safetensors")
                    && line.contains("expected"))
        .contains("attempt 2 continues checkpoint-%d after step %d".formatted(older, older));
    assertThat(hash(name)).isEqualTo(quiet);
  }

  private static void damage(Path file, boolean flip) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      long middle = bytes.length() / 2;
      if (flip) {
        bytes.seek(middle);
        int old = bytes.read();
        bytes.seek(middle);
        bytes.write(old ^ 1);
      } else {
        bytes.setLength(middle);
      }
    }
  }

  /** A checkpoint holds all that a run goes on from; the history is for people. */
  @Test
  void aDamagedHistoryIsSaidAndDoesNotKeepARunFromGoingOn() throws Exception {
    stopAfter(3);
    assertThat(run("history", false).outcome()).isEqualTo("stopped");
    Path history = Files.createDirectories(folder.resolve("history/history"));
    Files.writeString(history.resolve("ledger-1-2-3.pb.gz"), "no history");
    reset();
    assertThat(run("history", true).finished()).isTrue();
    assertThat(said)
        .anyMatch(
            line ->
                line.startsWith("groups that were rewritten already are rewritten again: ")
                    && line.contains("ledger-1-2-3.pb.gz"));
    assertThat(hash("history")).isEqualTo(quiet);
  }

  @Test
  void aLedgerThatCannotBeSavedEndsTheRunAtOnceWithReasonAndNumbers() throws Exception {
    Path inTheWay = folder.resolve("blocked/.ledger-4.bin");
    listener =
        (run, event) -> {
          if (isStep(event, 0)) {
            make(inTheWay);
          }
        };
    long began = System.nanoTime();
    RunResult failed = run("blocked", false);
    assertThat(failed.outcome()).isEqualTo("failed");
    assertThat(failed.reason())
        .contains("the checkpoint after 4 steps cannot be written")
        .contains(inTheWay.toString())
        .containsPattern("about \\d+ MB are needed, \\d+ MB are free");
    assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(60));
    reset();
    assertThat(run("blocked", true).finished()).as("what was in the way is cleaned up").isTrue();
    assertThat(inTheWay).doesNotExist();
    assertThat(hash("blocked")).isEqualTo(quiet);
  }

  private static void make(Path folder) {
    try {
      Files.createDirectory(folder);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aCheckpointerThatEndsIsReplacedAndTheBitsStay() throws Exception {
    List<String> notes = new CopyOnWriteArrayList<>();
    AtomicInteger ended = new AtomicInteger();
    listener =
        (run, event) -> {
          if (isStep(event, 2) && ended.getAndIncrement() == 0) {
            Adapter.toClassic(run.system())
                .actorSelection("/system/run-*/checkpointer")
                .tell(PoisonPill.getInstance(), akka.actor.ActorRef.noSender());
          }
          if (event instanceof RunEvent.Note note) {
            notes.add(note.text());
          }
        };
    assertThat(run("no-checkpointer", false).finished()).isTrue();
    assertThat(notes).anyMatch(note -> note.contains("the checkpointer stopped"));
    assertThat(hash("no-checkpointer")).isEqualTo(quiet);
  }

  @Test
  void aNextAttemptThatCannotBeginEndsTheRunWithItsReasonAndLeavesNothingOpen() throws Exception {
    Path inTheWay = folder.resolve("no-next/metrics.jsonl");
    AtomicReference<ActorSystem<?>> system = new AtomicReference<>();
    AtomicInteger ended = new AtomicInteger();
    listener =
        (run, event) -> {
          if (isStep(event, 2) && ended.getAndIncrement() == 0) {
            system.set(run.system());
            assertThat(inTheWay.toFile().delete()).isTrue();
            make(inTheWay);
            Adapter.toClassic(run.system())
                .actorSelection("/system/run-*/checkpointer")
                .tell(PoisonPill.getInstance(), akka.actor.ActorRef.noSender());
          }
        };
    assertThatThrownBy(() -> run("no-next", false))
        .hasMessageContaining("metrics cannot be written: Is a directory");
    assertThat(system.get().getWhenTerminated().toCompletableFuture()).isDone();
  }

  // ---- room -------------------------------------------------------------------------------------

  @Test
  void tooLittleRoomForTheRunIsSaidBeforeItBeginsAndNothingIsLeft() {
    space = new FreeSpace(where -> 100L << 20);
    assertThatThrownBy(() -> run("small", false))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("output_dir " + folder.resolve("small") + ": too little room")
        .hasMessageMatching(
            "(?s).*about \\d+ MB are needed, 100 MB are free \\(2 x checkpoint of \\d+ MB, final model \\d+ MB, journal some \\d+ MB\\).*");
    assertThat(folder.resolve("small")).doesNotExist();
  }

  @Test
  void aDiskThatFillsUpEndsTheRunAndWithoutACheckpointTheInputsAreStillChecked() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    space = new FreeSpace(where -> asked.getAndIncrement() == 0 ? 1L << 40 : 3L << 20);
    RunResult full = run("full", false);
    assertThat(full.outcome()).isEqualTo("failed");
    assertThat(full.reason())
        .contains("checkpoint-2 cannot be written (too little room)")
        .containsPattern("about \\d+ MB are needed, 3 MB are free");
    assertThat(Checkpoints.list(folder.resolve("full"))).isEmpty();

    reset();
    Path right = data;
    data = rows(folder.resolve("other.jsonl"), 20, ROWS);
    assertRefused("full", "train_file: its contents", "(--resume-anyway data)");
    data = right;
    Path config = model.resolve("config.json");
    String text = Files.readString(config);
    Files.writeString(config, text + "\n");
    assertRefused("full", "model_name_or_path: changed: config.json", "(--resume-anyway model)");
    Files.writeString(config, text);
    assertThat(run("full", true).finished()).isTrue();
    assertThat(hash("full")).isEqualTo(quiet);
  }

  // ---- another run ------------------------------------------------------------------------------

  @Test
  void whatDiffersIsRefusedByKeyUnlessItIsAllowed() throws Exception {
    stopAfter(1);
    assertThat(run("other", false).outcome()).isEqualTo("stopped");
    reset();
    String[] faster = {"learning_rate=0.002"};
    assertThatThrownBy(() -> run("other", true, faster))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("learning_rate: 0.002 here, 0.001 there")
        .hasMessageContaining("(--resume-anyway learning_rate)");

    Path right = data;
    data = rows(folder.resolve("fewer.jsonl"), 0, ROWS - 8);
    anyway = Set.of("data");
    assertThatThrownBy(() -> run("other", true))
        .as("no flag makes a ledger of other samples fit")
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the checkpoint's ledger was kept with other settings (samples 16");
    data = right;
    anyway = Set.of("dtype");
    assertThatThrownBy(() -> run("other", true, "dtype=float64"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("this run keeps F64");

    reset();
    data = rows(folder.resolve("same-size.jsonl"), 20, ROWS);
    anyway = Set.of("learning_rate", "data");
    assertThat(run("other", true, faster).finished()).isTrue();
    data = right;
    assertThat(Files.readString(folder.resolve("other/events.jsonl")))
        .contains("continued with a difference: learning_rate: 0.002 here, 0.001 there")
        .contains("continued with a difference: train_file: its contents");
    assertThat(Files.readString(folder.resolve("other/effective-recipe.yaml")))
        .contains("learning_rate: 0.002");
    assertThat(hash("other")).isNotEqualTo(quiet);
    reset();
    assertRefused("other", "learning_rate: 0.001 here, 0.002 there", "train_file: its contents");
  }

  private void assertRefused(String name, String... parts) {
    assertThatThrownBy(() -> run(name, true))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("--resume: this is not the run in " + folder.resolve(name))
        .satisfies(e -> assertThat(e.getMessage()).contains(parts));
  }

  // ---- numbers ----------------------------------------------------------------------------------

  @Test
  void aGradientThatIsNotANumberOnceIsComputedAgainAndTheBitsStay() throws Exception {
    AtomicInteger poisoned = new AtomicInteger();
    PoisonedBulk lane = new PoisonedBulk(4, poisoned, 1);
    bulk = lane;
    assertThat(run("poisoned-once", false).finished()).isTrue();
    assertThat(poisoned).hasValue(1);
    assertThat(hash("poisoned-once")).isEqualTo(quiet);
    assertThat(lane.copies).as("time that copies for checkpoints took").isNotEmpty();
    assertThat(lane.copies).allMatch(nanos -> nanos > 0);
  }

  @Test
  void aGradientThatIsNeverANumberSkipsItsStepAndNamesTheSamples() throws Exception {
    List<String> notes = new CopyOnWriteArrayList<>();
    listener =
        (run, event) -> {
          if (event instanceof RunEvent.Note note) {
            notes.add(note.text());
          }
        };
    bulk = new PoisonedBulk(4, new AtomicInteger(), Integer.MAX_VALUE);
    assertThat(run("poisoned", false).finished()).isTrue();
    assertThat(notes)
        .anyMatch(
            note ->
                note.startsWith("step 4 was skipped: ")
                    && note.matches(".*twice; samples in the batch: (\\d+, ){7}\\d+"));
    assertThat(hash("poisoned")).isNotEqualTo(quiet);
  }

  @Test
  void aBitThatFlipsOnTheWireIsNoticedByItsChecksumAndTheBitsOfTheModelStay() throws Exception {
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    Logger lane = (Logger) LoggerFactory.getLogger("io.akkord.actors.bulk.netty");
    lane.addAppender(log);
    List<String> notes = new CopyOnWriteArrayList<>();
    listener =
        (run, event) -> {
          if (event instanceof RunEvent.Note note) {
            notes.add(note.text());
          }
        };
    try (FlippingLane flipping = FlippingLane.open(12 << 20)) {
      bulk = flipping;
      assertThat(run("flipped-wire", false).finished()).isTrue();
      assertThat(flipping.flipped()).isTrue();
    } finally {
      lane.detachAppender(log);
    }
    assertThat(log.list.stream().map(ILoggingEvent::getFormattedMessage))
        .anyMatch(
            line ->
                line.startsWith("lost the process ")
                    && line.contains("127.0.0.1:")
                    && line.contains("wrong checksum of "));
    assertThat(notes).anyMatch(note -> note.contains("worker-0 is lost"));
    assertThat(hash("flipped-wire")).isEqualTo(quiet);
  }

  @Test
  void aWorkerThatAnswersSlowlyForEverCostsTimeAndNoBit() throws Exception {
    SlowBulk slow = new SlowBulk();
    bulk = slow;
    assertThat(run("slow", false).finished()).isTrue();
    assertThat(slow.late).hasValueGreaterThanOrEqualTo(STEPS);
    assertThat(hash("slow")).isEqualTo(quiet);
  }

  /** Sends the gradients of the second half of the shards late, of every step. */
  private static final class SlowBulk implements Bulk {
    private static final int MILLIS = 150;
    private final InJvmBulk lane = new InJvmBulk();
    final AtomicInteger late = new AtomicInteger();

    @Override
    public LaneAddress open(Receiver receiver) {
      return lane.open(receiver);
    }

    @Override
    public void close(LaneAddress address) {
      lane.close(address);
    }

    @Override
    public CompletionStage<Void> send(LaneAddress to, BulkHeader header, ByteBuffer bytes) {
      if (header.kind() != BulkHeader.Kind.GRADIENT || header.lo() < 2) {
        return lane.send(to, header, bytes);
      }
      late.incrementAndGet();
      Executor later = CompletableFuture.delayedExecutor(MILLIS, TimeUnit.MILLISECONDS);
      return CompletableFuture.supplyAsync(() -> lane.send(to, header, bytes), later)
          .thenCompose(sent -> sent);
    }
  }

  /** Puts a NaN into gradients of one step, so many times. */
  private static final class PoisonedBulk implements Bulk {
    private final InJvmBulk lane = new InJvmBulk();
    private final long step;
    private final AtomicInteger poisoned;
    private final int most;
    final List<Long> copies = new CopyOnWriteArrayList<>();

    PoisonedBulk(long step, AtomicInteger poisoned, int most) {
      this.step = step;
      this.poisoned = poisoned;
      this.most = most;
    }

    @Override
    public LaneAddress open(Receiver receiver) {
      return lane.open(receiver);
    }

    @Override
    public void close(LaneAddress address) {
      lane.close(address);
    }

    @Override
    public CompletionStage<Void> send(LaneAddress to, BulkHeader header, ByteBuffer bytes) {
      boolean hit =
          header.kind() == BulkHeader.Kind.GRADIENT
              && header.step() == step
              && poisoned.getAndUpdate(n -> n < most ? n + 1 : n) < most;
      if (header.kind() == BulkHeader.Kind.SNAPSHOT_WEIGHTS && header.step() > 0) {
        copies.add(header.assignment());
      }
      return lane.send(to, header, hit ? poison(bytes) : bytes);
    }

    private static ByteBuffer poison(ByteBuffer bytes) {
      ByteBuffer copy = ByteBuffer.allocateDirect(bytes.remaining()).order(ByteOrder.LITTLE_ENDIAN);
      copy.put(bytes.duplicate()).flip();
      return copy.putFloat(0, Float.NaN);
    }
  }

  // ---- a run ------------------------------------------------------------------------------------

  private void stopAfter(long step) {
    listener =
        (run, event) -> {
          if (isStep(event, step)) {
            run.stop("the test says so");
          }
        };
  }

  private static boolean isStep(RunEvent event, long step) {
    return event instanceof RunEvent.Step done && done.report().step() == step;
  }

  private RunResult run(String name, boolean resume, String... sets) throws Exception {
    String yaml =
        """
        model_name_or_path: %s
        train_file: %s
        output_dir: %s
        global_batch_size: 8
        micro_batch_size: 2
        logical_shards: 4
        max_steps: %d
        max_length: 128
        too_long: truncate
        learning_rate: 1.0e-3
        warmup_steps: 1
        rewrite: off
        save_steps: 2
        """
            .formatted(model, data, folder.resolve(name), STEPS);
    AtomicReference<TrainingRun> run = new AtomicReference<>();
    BiConsumer<TrainingRun, RunEvent> told = listener;
    TrainOptions options =
        new TrainOptions(
            RecipeReader.parse("test.yaml", yaml, folder, List.of(sets)),
            Settings.read(ConfigFactory.load()),
            2,
            resume,
            anyway,
            space,
            said::add,
            event -> told.accept(run.get(), event));
    Bulk lane = bulk;
    run.set(
        TrainingRun.start(
            options,
            output ->
                InJvmRuntime.start(Journal.open(output), options.settings(), 2, false, lane)));
    return run.get().result().toCompletableFuture().get(120, TimeUnit.SECONDS);
  }

  private static String hash(String name) throws Exception {
    byte[] bytes = Files.readAllBytes(folder.resolve(name).resolve("model.safetensors"));
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
