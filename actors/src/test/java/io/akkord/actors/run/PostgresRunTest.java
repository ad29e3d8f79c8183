package io.akkord.actors.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.journal.PostgresFixture;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.Persistence;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.model.TestModels;
import io.akkord.model.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs whose journal is a PostgreSQL database, in fair weather and foul. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PostgresRunTest {
  private static final int STEPS = 9;

  @TempDir static Path folder;
  private PostgresFixture postgres;
  private Persistence database;
  private Path data;
  private String expected;

  @BeforeAll
  void startAndRunOnH2() throws Exception {
    postgres = new PostgresFixture();
    database = postgres.database();
    data = folder.resolve("data.jsonl");
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(data, lines.limit(22).collect(Collectors.joining("\n")) + "\n");
    }
    RunResult result = run("h2", database.at("", ""), false, (run, event) -> {});
    assertThat(result.finished()).as(result.reason()).isTrue();
    expected = hash("h2");
  }

  @AfterAll
  void stop() throws Exception {
    postgres.close();
  }

  @Test
  void theBitsAreThoseOfH2AndTwoRunsOfOneDatabaseDoNotSeeEachOther() throws Exception {
    assertThat(run("first", database, false, (run, event) -> {}).finished()).isTrue();
    List<LedgerVisits> during = new CopyOnWriteArrayList<>();
    RunResult second =
        run(
            "second",
            database,
            false,
            (run, event) -> {
              if (event instanceof RunEvent.Step step && step.report().step() == 3) {
                during.add(visits(run));
              }
            });
    assertThat(second.finished()).isTrue();
    assertThat(hash("first")).isEqualTo(expected);
    assertThat(hash("second")).isEqualTo(expected);
    assertThat(during).singleElement().satisfies(v -> assertThat(v.steps()).isLessThanOrEqualTo(4));
    try (Journal journal = Journal.open(folder.resolve("first"), database);
        LedgerReader reader = LedgerReader.of(folder.resolve("first"), runId("first"), journal)) {
      assertThat(reader.lastAttempt()).isEqualTo(1);
      assertThat(reader.state().committedSteps()).isEqualTo(STEPS);
    }
  }

  private record LedgerVisits(long steps) {}

  private static LedgerVisits visits(TrainingRun run) {
    try (LedgerReader reader = run.ledger()) {
      return new LedgerVisits(reader.state().committedSteps());
    }
  }

  @Test
  void aRunThatIsStoppedAndResumedGivesTheSameBitsAndStaysInItsDatabase() throws Exception {
    RunResult stopped =
        run(
            "stopped",
            database,
            false,
            (run, event) -> {
              if (event instanceof RunEvent.Step step && step.report().step() == 3) {
                run.stop("the test says so");
              }
            });
    assertThat(stopped.outcome()).isEqualTo("stopped");
    Persistence other = postgres.database();
    assertThatThrownBy(() -> run("stopped", other, true, (run, event) -> {}))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(database.url())
        .hasMessageContaining(other.url());
    // Nobody says where it is: the folder knows.
    assertThat(run("stopped", database.at("", ""), true, (run, event) -> {}).finished()).isTrue();
    assertThat(hash("stopped")).isEqualTo(expected);
  }

  @Test
  void aDatabaseThatRefusesEveryFifthWriteCostsTimeAndNoBit() throws Exception {
    refuseEvery(5);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 7, 11})
  @Tag("slow")
  void aDatabaseThatRefusesEveryNthWriteCostsTimeAndNoBit(int every) throws Exception {
    refuseEvery(every);
  }

  private void refuseEvery(int every) throws Exception {
    Persistence bad = postgres.database();
    Journal.open(Files.createDirectories(folder.resolve("maker" + every)), bad).close();
    postgres.execute(
        PostgresFixture.name(bad),
        "CREATE SEQUENCE writes",
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF nextval('writes') %% %d = 0 THEN RAISE EXCEPTION 'refused by the test'; END IF;
          RETURN NEW;
        END $$
        """
            .formatted(every),
        "CREATE TRIGGER refuse BEFORE INSERT ON event_journal FOR EACH ROW EXECUTE FUNCTION refuse()");
    String name = "refused-" + every;
    RunResult result = run(name, bad, false, (run, event) -> {});
    assertThat(result.finished()).as(result.reason()).isTrue();
    assertThat(hash(name)).isEqualTo(expected);
    assertThat(postgres.number(PostgresFixture.name(bad), "SELECT last_value FROM writes"))
        .isGreaterThan(2L * every);
  }

  @Test
  void aServerThatIsAwayForAMomentIsWaitedFor() throws Exception {
    assertThat(hashWithServerAwayFor("away", Duration.ofSeconds(3), settings()))
        .isEqualTo(expected);
  }

  @Test
  @Tag("slow")
  void aServerThatIsAwayForAMinuteIsWaitedForAsARunIsSetUp() throws Exception {
    Settings asDelivered = Settings.read(ConfigFactory.load());
    assertThat(hashWithServerAwayFor("long-away", Duration.ofMinutes(1), asDelivered))
        .isEqualTo(expected);
  }

  private String hashWithServerAwayFor(String name, Duration away, Settings settings)
      throws Exception {
    List<Long> steps = new ArrayList<>();
    Thread server =
        new Thread(
            () -> {
              try {
                postgres.stop();
                TimeUnit.NANOSECONDS.sleep(away.toNanos());
                postgres.start();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    RunResult result =
        run(
            name,
            database,
            settings,
            false,
            (run, event) -> {
              if (event instanceof RunEvent.Step step) {
                steps.add(step.report().step());
                if (step.report().step() == 3) {
                  server.start();
                }
              }
            });
    server.join(TimeUnit.SECONDS.toMillis(60));
    assertThat(result.finished()).as(result.reason()).isTrue();
    assertThat(steps).as("no step is computed twice").hasSize(STEPS);
    return hash(name);
  }

  private RunResult run(
      String name, Persistence where, boolean resume, BiConsumer<TrainingRun, RunEvent> listener)
      throws Exception {
    return run(name, where, settings(), resume, listener);
  }

  private RunResult run(
      String name,
      Persistence where,
      Settings settings,
      boolean resume,
      BiConsumer<TrainingRun, RunEvent> listener)
      throws Exception {
    AtomicReference<TrainingRun> run = new AtomicReference<>();
    TrainOptions options =
        new TrainOptions(
            recipe(name),
            settings,
            2,
            resume,
            line -> {},
            event -> listener.accept(run.get(), event));
    run.set(
        TrainingRun.start(
            options,
            output ->
                InJvmRuntime.start(Journal.open(output, where), options.settings(), 2, true)));
    return run.get().result().toCompletableFuture().get(300, TimeUnit.SECONDS);
  }

  /** What is not acknowledged is sent again soon. */
  private static Settings settings() {
    return Settings.read(
        ConfigFactory.parseString("akkord.deadlines.ledger-acknowledgement = 1s")
            .withFallback(ConfigFactory.load()));
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
        save_steps: 4
        rewrite: {warmup: 3, every: 3, fraction: 0.5, probability: 1.0, min_visits: 1, max_new_tokens: 200, batch: 3, temperature: 0.9, top_p: 1.0}
        """
            .formatted(TestModels.stories260K().toAbsolutePath(), data, folder.resolve(name));
    return RecipeReader.parse("test.yaml", yaml, folder, List.of());
  }

  private static String runId(String name) throws Exception {
    return new com.fasterxml.jackson.databind.ObjectMapper()
        .readTree(folder.resolve(name).resolve("run.json").toFile())
        .path("run_id")
        .asText();
  }

  private static String hash(String name) throws Exception {
    byte[] bytes = Files.readAllBytes(folder.resolve(name).resolve("model.safetensors"));
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
