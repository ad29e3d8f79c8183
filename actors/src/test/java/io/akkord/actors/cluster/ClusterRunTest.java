package io.akkord.actors.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.PoisonPill;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.content.ContentSettings;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.LedgerImages;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunResult;
import io.akkord.actors.run.RunRuntime;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.actors.worker.Devices;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.model.TestModels;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A run whose workers are other members of a cluster: every message crosses Artery. Only the lane
 * is that of one JVM.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterRunTest {
  private static final int STEPS = 9;
  private static final Settings SETTINGS = Settings.read(ConfigFactory.load());

  @TempDir static Path folder;
  private final CountingBulk bulk = new CountingBulk();
  private final List<ActorSystem<?>> systems = new ArrayList<>();
  private final List<Devices> devices = new ArrayList<>();
  private ContentSettings content = ContentSettings.read(ConfigFactory.load());
  private Path data;
  private String expected;

  @BeforeAll
  void runInOneJvm() throws Exception {
    data = folder.resolve("data.jsonl");
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(data, lines.limit(22).collect(Collectors.joining("\n")) + "\n");
    }
    TrainingRun run = TrainingRun.start(options("one", 1, false, event -> {}));
    assertThat(run.result().toCompletableFuture().get(180, TimeUnit.SECONDS).finished()).isTrue();
    expected = hash("one");
  }

  @AfterEach
  void stop() throws Exception {
    systems.forEach(ActorSystem::terminate);
    for (ActorSystem<?> system : systems) {
      system.getWhenTerminated().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }
    systems.clear();
    devices.forEach(Devices::close);
    devices.clear();
    content = ContentSettings.read(ConfigFactory.load());
  }

  @Test
  void twoMembersGiveTheBitsOfOneJvm() throws Exception {
    assertThat(train("two", 2, (head, event) -> {})).isEqualTo(expected);
  }

  @Test
  void aMemberThatEndsAndOneThatComesLateChangeNoBit() throws Exception {
    List<String> notes = new CopyOnWriteArrayList<>();
    List<Long> steps = new CopyOnWriteArrayList<>();
    String hash =
        train(
            "changing",
            2,
            (head, event) -> {
              if (event instanceof RunEvent.Step step) {
                steps.add(step.report().step());
                if (step.report().step() == 1) {
                  worker(head, "late");
                }
                if (step.report().step() == 4) {
                  Adapter.toClassic(systems.get(1))
                      .actorSelection("/system/host/*")
                      .tell(PoisonPill.getInstance(), akka.actor.ActorRef.noSender());
                }
              }
              if (event instanceof RunEvent.Note note) {
                notes.add(note.text());
              }
            });
    assertThat(notes).anyMatch(n -> n.contains("worker-0 is lost"));
    assertThat(steps).as("no step is computed twice").hasSize(STEPS);
    assertThat(hash).isEqualTo(expected);
  }

  @Test
  void workersThatSeeNothingOfTheHeadsDiskFetchItOnceAndGiveTheSameBits() throws Exception {
    seeNothing(folder.resolve("cache"));
    List<String> notes = new CopyOnWriteArrayList<>();
    OnEvent listener =
        (head, event) -> {
          if (event instanceof RunEvent.Note note) {
            notes.add(note.text());
          }
        };
    assertThat(train("fetched", 2, listener)).isEqualTo(expected);
    assertThat(notes)
        .anyMatch(n -> n.matches("worker-[01] fetches \\d+\\.\\d [kM]B of model and data"))
        .anyMatch(n -> n.matches("worker-[01] has fetched .* of model and data in .* s"));
    assertThat(folder.resolve("cache/blobs")).isDirectoryContaining(Files::isDirectory);
    long before = bulk.fileBytes.get();
    assertThat(before).isPositive();

    stop();
    seeNothing(folder.resolve("cache"));
    notes.clear();
    assertThat(train("cached", 2, listener)).isEqualTo(expected);
    assertThat(bulk.fileBytes).as("bytes fetched").hasValue(before);
    assertThat(notes).noneMatch(n -> n.contains("fetch"));
  }

  @Test
  void aWorkerThatCannotFetchIsLeftOutWithItsReason() throws Exception {
    List<String> notes = new CopyOnWriteArrayList<>();
    Path noFolder = Files.createFile(folder.resolve("no-folder"));
    String hash =
        train(
            "left-out",
            2,
            worker -> {
              if (worker == 1) {
                seeNothing(noFolder);
              }
            },
            (head, event) -> {
              if (event instanceof RunEvent.Note note) {
                notes.add(note.text());
              }
            });
    assertThat(notes)
        .anyMatch(
            n ->
                n.startsWith("worker worker-1 cannot take part: ")
                    && n.contains("the cache " + noFolder + " must be a folder"))
        .contains("the run starts with 1 of 2 workers");
    assertThat(hash).isEqualTo(expected);
  }

  /** Step 2 ends at a cycle, step 4 in the middle. */
  @ParameterizedTest
  @ValueSource(longs = {2, 4})
  void aDriverThatIsKilledIsTakenOverByAnotherWithoutComputingAStepTwice(long killedAfter)
      throws Exception {
    String name = "taken-over-" + killedAfter;
    ActorSystem<?> head = system(ConfigFactory.empty(), "control", null);
    worker(head, "worker-0");
    worker(head, "worker-1");
    awaitMembers(head, 3);
    List<Long> steps = new CopyOnWriteArrayList<>();
    List<String> notes = new CopyOnWriteArrayList<>();
    AtomicReference<ActorSystem<?>> driver = new AtomicReference<>();
    TrainingRun killed =
        TrainingRun.start(
            options(
                name,
                2,
                false,
                event -> {
                  if (event instanceof RunEvent.Step step) {
                    steps.add(step.report().step());
                    if (step.report().step() == killedAfter) {
                      driver.get().terminate();
                    }
                  }
                }),
            output -> driver(head, output, driver));
    RunResult over = killed.result().toCompletableFuture().get(180, TimeUnit.SECONDS);
    assertThat(over.outcome()).isEqualTo(TrainingRun.CUT_OFF);
    TrainingRun next =
        TrainingRun.start(
            options(
                name,
                2,
                true,
                event -> {
                  if (event instanceof RunEvent.Step step) {
                    steps.add(step.report().step());
                  }
                  if (event instanceof RunEvent.Note note) {
                    notes.add(note.text());
                  }
                }),
            output -> driver(head, output, driver));
    RunResult result = next.result().toCompletableFuture().get(180, TimeUnit.SECONDS);
    assertThat(result.finished()).as(result.reason()).isTrue();
    assertThat(notes)
        .anyMatch(
            n ->
                n.matches(
                    "took over 2 slices at step \\d from attempt 1 \\(\\d commit records the"
                        + " journal lacked\\)"));
    assertThat(steps).as("each step once").containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    assertThat(hash(name)).isEqualTo(expected);
    try (LedgerReader quiet = LedgerReader.open(folder.resolve("one"));
        LedgerReader taken = LedgerReader.open(folder.resolve(name))) {
      assertThat(LedgerImages.of(taken)).isEqualTo(LedgerImages.of(quiet));
    }
  }

  /** A member of its own, as beside a head: its end is not announced. */
  private RunRuntime driver(
      ActorSystem<?> head, Path output, AtomicReference<ActorSystem<?>> started) {
    Journal journal = Journal.open(output);
    Config abrupt =
        ConfigFactory.parseString("akka.coordinated-shutdown.run-by-actor-system-terminate = off")
            .withFallback(journal.config());
    ActorSystem<?> system = system(abrupt, "driver", head);
    started.set(system);
    Cluster cluster = Cluster.get(system);
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> cluster.selfMember().status() == MemberStatus.up());
    return new ClusterRuntime(system, bulk, journal, lost -> {}, journal::close);
  }

  private void seeNothing(Path cache) {
    content = new ContentSettings(cache, 1L << 40, true, 64 << 10, 8, 4, Duration.ofSeconds(20), 8);
  }

  /** The lane of one JVM, which counts bytes of files. */
  private static final class CountingBulk implements Bulk {
    final AtomicLong fileBytes = new AtomicLong();
    private final InJvmBulk lane = new InJvmBulk();

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
      if (header.kind() == BulkHeader.Kind.FILE) {
        fileBytes.addAndGet(bytes.remaining());
      }
      return lane.send(to, header, bytes);
    }
  }

  private interface OnEvent {
    void on(ActorSystem<?> head, RunEvent event);
  }

  private String train(String name, int workers, OnEvent listener) throws Exception {
    return train(name, workers, worker -> {}, listener);
  }

  private String train(String name, int workers, IntConsumer beforeWorker, OnEvent listener)
      throws Exception {
    Path output = folder.resolve(name);
    Path state = Files.createDirectories(folder.resolve(name + "-state"));
    Journal journal = Journal.open(state);
    ActorSystem<?> head = system(journal.config(), "control", null);
    for (int i = 0; i < workers; i++) {
      beforeWorker.accept(i);
      worker(head, "worker-" + i);
    }
    awaitMembers(head, 1 + workers);
    TrainingRun run =
        TrainingRun.start(
            options(name, workers, false, event -> listener.on(head, event)),
            folder -> new ClusterRuntime(head, bulk, journal, lost -> {}, () -> {}));
    RunResult result = run.result().toCompletableFuture().get(180, TimeUnit.SECONDS);
    assertThat(result.finished()).as(result.reason()).isTrue();
    assertThat(output.resolve("metrics.jsonl")).exists();
    journal.close();
    return hash(name);
  }

  private void worker(ActorSystem<?> head, String id) {
    ActorSystem<?> system = system(ConfigFactory.empty(), "worker", head);
    Devices device = new Devices(List.of(id));
    devices.add(device);
    system.systemActorOf(
        WorkerHost.offered(id, device, List.of(0), bulk, SETTINGS, content), "host", Props.empty());
  }

  private ActorSystem<?> system(Config journal, String role, ActorSystem<?> head) {
    String seed = head == null ? "" : "akka.cluster.seed-nodes = [\"%s\"]".formatted(address(head));
    Config config =
        ConfigFactory.parseString(
                """
                akka.actor.provider = cluster
                akka.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                akka.cluster.roles = ["%s"]
                akka.cluster.jmx.multi-mbeans-in-same-jvm = on
                akka.cluster.downing-provider-class = "akka.cluster.sbr.SplitBrainResolverProvider"
                akka.cluster.split-brain-resolver {
                  keep-majority.role = control
                  stable-after = 5s
                  down-all-when-unstable = 20s
                }
                akka.coordinated-shutdown.exit-jvm = off
                %s
                """
                    .formatted(role, seed))
            .withFallback(journal)
            .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
            .withFallback(ConfigFactory.load());
    ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "akkord", config);
    systems.add(system);
    if (head == null) {
      Cluster cluster = Cluster.get(system);
      cluster.manager().tell(akka.cluster.typed.Join.create(cluster.selfMember().address()));
    }
    return system;
  }

  private static String address(ActorSystem<?> system) {
    return Cluster.get(system).selfMember().address().toString();
  }

  private static void awaitMembers(ActorSystem<?> head, int count) {
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(
            () ->
                StreamSupport.stream(Cluster.get(head).state().getMembers().spliterator(), false)
                        .filter(m -> m.status() == MemberStatus.up())
                        .count()
                    == count);
  }

  private TrainOptions options(
      String name, int workers, boolean resume, Consumer<RunEvent> listener) {
    return new TrainOptions(recipe(name), SETTINGS, workers, resume, line -> {}, listener::accept);
  }

  private EffectiveRecipe recipe(String name) {
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
    return RecipeReader.parse("test.yaml", yaml, folder, List.of());
  }

  private static String hash(String name) throws Exception {
    byte[] bytes = Files.readAllBytes(folder.resolve(name).resolve("model.safetensors"));
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
