package io.akkord.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.PoisonPill;
import akka.actor.typed.javadsl.Adapter;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.LedgerImages;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.model.TestModels;
import io.akkord.model.engine.NativeLibrary;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.layout.Lora;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The final weights are a function of model, data, recipe and seed: not of workers, parameter
 * shards, memory, or who dies. Real engine, real model, rewriting on.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SameBitsTest {
  private static final int STEPS = 9;

  @TempDir static Path folder;
  private Path data;
  private boolean workersKeepSlices;
  private String expected;

  @BeforeAll
  void runOnOneWorker() throws Exception {
    data = folder.resolve("data.jsonl");
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(data, lines.limit(22).collect(Collectors.joining("\n")) + "\n");
    }
    AtomicInteger accepted = new AtomicInteger();
    expected =
        train(
            "one",
            1,
            List.of(),
            (run, event) -> {
              if (event instanceof RunEvent.Cycle cycle) {
                accepted.addAndGet(cycle.finished().getAccepted());
              }
            });
    assertThat(accepted).as("rewrites that act").hasPositiveValue();
  }

  @BeforeEach
  void oneHostKeepsTheSlices() {
    workersKeepSlices = false;
  }

  @ParameterizedTest
  @CsvSource({"1,2", "1,3", "2,1", "2,2", "2,3", "3,1", "3,2", "3,3", "4,1", "4,2", "4,3"})
  void workersAndParameterShardsDoNotChangeTheWeights(int workers, int shards) throws Exception {
    String name = "w" + workers + "p" + shards;
    assertThat(train(name, workers, List.of("parameter_shards=" + shards), (run, event) -> {}))
        .isEqualTo(expected);
  }

  @Test
  void noMemoryToHoldForwardsGivesTheSameWeights() throws Exception {
    assertThat(train("scored", 2, List.of("held_forward_memory=0"), (run, event) -> {}))
        .isEqualTo(expected);
  }

  @Test
  void gradientCheckpointingHasBitsThatNeitherWorkersNorMemoryChange() throws Exception {
    String alone =
        train("checkpointed", 1, List.of("gradient_checkpointing=true"), (run, event) -> {});
    // Fused kernels of AVX-512 round otherwise than the recomputed path; those of AVX2 need not.
    if (NativeLibrary.instructionSet().contains("avx512")) {
      assertThat(alone).isNotEqualTo(expected);
    }
    List<String> sets = List.of("gradient_checkpointing=true", "held_forward_memory=64KiB");
    assertThat(train("checkpointed-scored", 3, sets, (run, event) -> {})).isEqualTo(alone);
  }

  @ParameterizedTest
  @CsvSource({"1,false", "3,true"})
  void adaptersHaveBitsThatNeitherWorkersNorAStopChange(int workers, boolean keep)
      throws Exception {
    List<String> sets = List.of("lora={r: 4, alpha: 8, target_modules: all-linear}", "seed=7");
    String whole = train("adapted-" + workers, workers, sets, (run, event) -> {});
    workersKeepSlices = keep;
    String name = "adapted-stopped-" + workers;
    RunResult stopped =
        result(
            name,
            2,
            sets,
            false,
            (run, event) -> {
              if (event instanceof RunEvent.Step step && step.report().step() == 4) {
                run.stop("the test says so");
              }
            });
    assertThat(stopped.outcome()).isEqualTo("stopped");
    assertThat(result(name, 1, sets, true, (run, event) -> {}).finished()).isTrue();
    assertThat(hash(name)).isEqualTo(whole).isNotEqualTo(expected);

    Path adapter = folder.resolve(name);
    assertThat(adapter.resolve("model.safetensors")).doesNotExist();
    assertThat(adapter.resolve("config.json")).doesNotExist();
    assertThat(adapter.resolve("tokenizer.json")).exists();
    AdapterFolder read = AdapterFolder.open(adapter);
    assertThat(read.lora()).isEqualTo(new Lora(4, 8, Lora.MODULES));
    assertThat(read.base()).isEqualTo(TestModels.stories260K().toAbsolutePath().normalize());
    read.require(ModelConfig.read(read.base()));
    FloatBuffer b = FloatBuffer.allocate(64 * 4);
    read.read(Lora.nameOfB("model.layers.0.self_attn.q_proj"), 0, b);
    assertThat(b.array()).as("has left its zeros").isNotEqualTo(new float[256]);
  }

  @Test
  void packedRowsHaveBitsOfTheirOwnThatNeitherWorkersNorMemoryChange() throws Exception {
    String alone = train("packed", 1, List.of("packing=true"), (run, event) -> {});
    assertThat(alone).isNotEqualTo(expected);
    List<String> sets = List.of("packing=true", "held_forward_memory=1MiB");
    assertThat(train("packed-scored", 3, sets, (run, event) -> {})).isEqualTo(alone);
  }

  @Test
  void aWireThatRoundsGivesOtherWeightsAndTheSameOnesWhoeverComputes() throws Exception {
    List<String> rounding = List.of("wire_dtype=bfloat16", "parameter_shards=2");
    String one = train("rounded-w1", 1, rounding, (run, event) -> {});
    assertThat(one).isNotEqualTo(expected);
    assertThat(train("rounded-w3", 3, rounding, (run, event) -> {})).isEqualTo(one);
    workersKeepSlices = true;
    assertThat(train("rounded-kept", 2, List.of("wire_dtype=bfloat16"), (run, event) -> {}))
        .isEqualTo(one);
  }

  @Test
  void withoutRewritingTheWeightsAreOthers() throws Exception {
    assertThat(train("plain", 2, List.of("rewrite=off"), (run, event) -> {}))
        .isNotEqualTo(expected);
  }

  @Test
  void workersKilledInMidStepChangeNoBit() throws Exception {
    List<String> notes = new CopyOnWriteArrayList<>();
    String hash =
        train(
            "killed",
            3,
            List.of("parameter_shards=3"),
            (run, event) -> {
              if (event instanceof RunEvent.Step step && step.report().step() == 2) {
                kill(run, "worker-1");
              }
              if (event instanceof RunEvent.Step step && step.report().step() == 6) {
                kill(run, "worker-0");
              }
              if (event instanceof RunEvent.Note note) {
                notes.add(note.text());
              }
            });
    assertThat(notes).anyMatch(n -> n.contains("worker-1 is lost"));
    assertThat(notes).anyMatch(n -> n.contains("worker-0 is lost"));
    assertThat(hash).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"2,2,1", "3,3,1", "3,2,1", "2,1,1", "4,4,0"})
  void slicesKeptByWorkersChangeNoBit(int workers, int shards, int replicas) throws Exception {
    workersKeepSlices = true;
    String name = "kept-w%dp%dr%d".formatted(workers, shards, replicas);
    List<String> sets =
        List.of("parameter_shards=" + shards, "parameter_server.replicas=" + replicas);
    assertThat(train(name, workers, sets, (run, event) -> {})).isEqualTo(expected);
  }

  @Test
  void aKilledWorkerThatKeptASliceCostsNoReplay() throws Exception {
    workersKeepSlices = true;
    List<String> notes = new CopyOnWriteArrayList<>();
    AtomicInteger steps = new AtomicInteger();
    String hash =
        train(
            "kept-killed",
            3,
            List.of("parameter_shards=3"),
            (run, event) -> {
              if (event instanceof RunEvent.Step step) {
                steps.incrementAndGet();
                if (step.report().step() == 2) {
                  kill(run, "worker-1");
                }
                if (step.report().step() == 6) {
                  kill(run, "worker-0");
                }
              }
              if (event instanceof RunEvent.Note note) {
                notes.add(note.text());
              }
            });
    assertThat(notes).anyMatch(n -> n.contains("worker-1 is lost"));
    assertThat(notes).anyMatch(n -> n.contains("worker-0 is lost"));
    assertThat(steps).as("no step is computed twice").hasValue((int) STEPS);
    assertThat(hash).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"0,1", "1,1", "0,2"})
  void workersThatLeavePolitelyCostNoStepAndChangeNoBit(int replicas, int leavers)
      throws Exception {
    workersKeepSlices = true;
    List<String> notes = new CopyOnWriteArrayList<>();
    List<Long> steps = new CopyOnWriteArrayList<>();
    String hash =
        train(
            "left-r%dl%d".formatted(replicas, leavers),
            3,
            List.of("parameter_shards=3", "parameter_server.replicas=" + replicas),
            (run, event) -> {
              if (event instanceof RunEvent.Step step) {
                steps.add(step.report().step());
                if (step.report().step() == 1) {
                  IntStream.range(0, leavers).forEach(i -> leave(run, "worker-" + i));
                }
              }
              if (event instanceof RunEvent.Note note) {
                notes.add(note.text());
              }
            });
    for (int i = 0; i < leavers; i++) {
      String left = "worker worker-%d has left after step".formatted(i);
      assertThat(notes).anyMatch(n -> n.startsWith(left));
    }
    assertThat(notes).noneMatch(n -> n.contains("is lost") || n.contains("attempt ended"));
    assertThat(steps).as("each step once").containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    assertThat(hash).isEqualTo(expected);
  }

  private static void leave(TrainingRun run, String worker) {
    Adapter.toClassic(run.system())
        .actorSelection("/system/host-of-" + worker)
        .tell(new WorkerHost.Leave("the test says so"), akka.actor.ActorRef.noSender());
  }

  @Test
  void withoutCopiesAKilledWorkerSendsTheRunBackToItsCheckpointAndChangesNoBit() throws Exception {
    workersKeepSlices = true;
    List<String> notes = new CopyOnWriteArrayList<>();
    java.util.concurrent.atomic.AtomicBoolean killed =
        new java.util.concurrent.atomic.AtomicBoolean();
    String hash =
        train(
            "kept-alone",
            3,
            List.of("parameter_shards=3", "parameter_server.replicas=0", "save_steps=2"),
            (run, event) -> {
              if (event instanceof RunEvent.Step step
                  && step.report().step() == 4
                  && killed.compareAndSet(false, true)) {
                kill(run, "worker-1");
              }
              if (event instanceof RunEvent.Note note) {
                notes.add(note.text());
              }
            });
    assertThat(notes).anyMatch(n -> n.contains("kept the only copy of slices [1]"));
    assertThat(notes).anyMatch(n -> n.contains("a new one starts from the last checkpoint"));
    assertThat(hash).isEqualTo(expected);
  }

  /** Step 1 ends at a checkpoint, step 8 is the last one. */
  @ParameterizedTest
  @CsvSource({"true,2,4", "true,3,1", "false,1,8"})
  void aParameterServerThatFailsIsReplacedWithoutComputingAStepTwice(
      boolean keep, int workers, long failsAfter) throws Exception {
    workersKeepSlices = keep;
    List<String> notes = new CopyOnWriteArrayList<>();
    List<Long> steps = new CopyOnWriteArrayList<>();
    List<Integer> cycles = new CopyOnWriteArrayList<>();
    AtomicBoolean failed = new AtomicBoolean();
    String name = "headless-%s-%d-%d".formatted(keep, workers, failsAfter);
    String hash =
        train(
            name,
            workers,
            List.of("save_steps=2"),
            (run, event) -> {
              if (event instanceof RunEvent.Step step) {
                steps.add(step.report().step());
                if (step.report().step() == failsAfter && failed.compareAndSet(false, true)) {
                  Adapter.toClassic(run.system())
                      .actorSelection("/system/run-*/parameter-server")
                      .tell(PoisonPill.getInstance(), akka.actor.ActorRef.noSender());
                }
              }
              if (event instanceof RunEvent.Cycle cycle) {
                cycles.add(cycle.finished().getCycle());
              }
              if (event instanceof RunEvent.Note note) {
                notes.add(note.text());
              }
            });
    assertThat(notes).anyMatch(n -> n.contains("the parameter server stopped"));
    assertThat(notes)
        .anyMatch(n -> n.startsWith("took over %d slices at step ".formatted(workers)));
    assertThat(steps).as("no step twice").containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    assertThat(cycles).as("no cycle twice").doesNotHaveDuplicates();
    assertThat(hash).isEqualTo(expected);
    assertThat(Files.readAllLines(folder.resolve(name + "/metrics.jsonl"))).hasSize(STEPS);
    try (LedgerReader quiet = LedgerReader.open(folder.resolve("one"));
        LedgerReader taken = LedgerReader.open(folder.resolve(name))) {
      assertThat(LedgerImages.of(taken)).isEqualTo(LedgerImages.of(quiet));
    }
  }

  @Test
  void aRunThatIsStoppedAndResumedGivesTheSameWeights() throws Exception {
    RunResult stopped =
        result(
            "stopped",
            2,
            List.of(),
            false,
            (run, event) -> {
              if (event instanceof RunEvent.Step step && step.report().step() == 3) {
                run.stop("the test says so");
              }
            });
    assertThat(stopped.outcome()).isEqualTo("stopped");
    assertThat(stopped.committedSteps()).isBetween(4L, STEPS - 1L);
    RunResult resumed = result("stopped", 3, List.of(), true, (run, event) -> {});
    assertThat(resumed.finished()).as(resumed.reason()).isTrue();
    assertThat(hash("stopped")).isEqualTo(expected);
    List<String> steps =
        Files.readAllLines(folder.resolve("stopped/metrics.jsonl"), StandardCharsets.UTF_8);
    assertThat(steps).hasSize(STEPS);
  }

  private static void kill(TrainingRun run, String worker) {
    Adapter.toClassic(run.system())
        .actorSelection("/system/host-of-" + worker + "/*")
        .tell(PoisonPill.getInstance(), akka.actor.ActorRef.noSender());
  }

  private String train(
      String name, int workers, List<String> sets, BiConsumer<TrainingRun, RunEvent> listener)
      throws Exception {
    RunResult result = result(name, workers, sets, false, listener);
    assertThat(result.finished()).as(result.reason()).isTrue();
    assertThat(result.committedSteps()).isEqualTo(STEPS);
    return hash(name);
  }

  private RunResult result(
      String name,
      int workers,
      List<String> sets,
      boolean resume,
      BiConsumer<TrainingRun, RunEvent> listener)
      throws Exception {
    AtomicReference<TrainingRun> run = new AtomicReference<>();
    TrainOptions options =
        new TrainOptions(
            recipe(name, sets),
            Settings.read(ConfigFactory.load()),
            workers,
            resume,
            line -> {},
            event -> listener.accept(run.get(), event));
    boolean keep = workersKeepSlices;
    run.set(
        TrainingRun.start(
            options,
            output -> InJvmRuntime.start(Journal.open(output), options.settings(), workers, keep)));
    return run.get().result().toCompletableFuture().get(120, TimeUnit.SECONDS);
  }

  private EffectiveRecipe recipe(String name, List<String> sets) {
    String yaml =
        """
        model_name_or_path: %s
        train_file: %s
        output_dir: %s
        global_batch_size: 8
        micro_batch_size: 2
        logical_shards: 4
        num_train_epochs: 3
        max_length: 256
        too_long: drop
        learning_rate: 1.0e-3
        warmup_steps: 1
        rewrite: {warmup: 3, every: 3, fraction: 0.5, probability: 1.0, min_visits: 1, max_new_tokens: 200, batch: 3, temperature: 0.9, top_p: 1.0}
        """
            .formatted(TestModels.stories260K().toAbsolutePath(), data, folder.resolve(name));
    return RecipeReader.parse("test.yaml", yaml, folder, sets);
  }

  private String hash(String name) throws Exception {
    Path weights = folder.resolve(name).resolve("adapter_model.safetensors");
    Path whole = folder.resolve(name).resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(Files.exists(weights) ? weights : whole);
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
