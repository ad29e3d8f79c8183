package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a small real run in which samples were rewritten and visited again. */
class LedgerCommandTest {
  private static final int SAMPLES = 40;
  private static final int EPOCHS = 3;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path folder;

  private static Path run;

  @BeforeAll
  static void trainsASmallRun() throws IOException {
    Path data = folder.resolve("data.jsonl");
    try (Stream<String> rows = Files.lines(Cli.DATA)) {
      Files.write(data, rows.limit(SAMPLES).toList());
    }
    run = folder.resolve("run");
    Path recipe = folder.resolve("recipe.yaml");
    Files.writeString(
        recipe,
        """
        model_name_or_path: %s
        train_file: %s
        output_dir: %s
        global_batch_size: 8
        micro_batch_size: 4
        num_train_epochs: %d
        max_length: 512
        too_long: truncate
        learning_rate: 5.0e-4
        rewrite: {warmup: 5, every: 5, min_visits: 1, fraction: 0.4, probability: 1.0, max_new_tokens: 200}
        """
            .formatted(Cli.MODEL, data, run, EPOCHS));
    Cli train = Cli.run("train", recipe, "--in-process");
    assertThat(train.exitCode()).as("%s%n%s", train.out(), train.err()).isZero();
  }

  @Test
  void topListsTheHighestAveragesFirstWithTheStartOfTheText() {
    Cli top = Cli.run("ledger", "top", "--run", run, "-n", 5);

    assertThat(top.exitCode()).isZero();
    List<String> lines = top.out().lines().toList();
    assertThat(lines).hasSize(6);
    assertThat(lines.get(0)).startsWith("id").contains("average", "visits", "revision", "prompt");
    assertThat(lines).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(120));
    List<Double> averages =
        lines.stream().skip(1).map(line -> Double.valueOf(line.split("\\s+")[1])).toList();
    assertThat(averages).isSortedAccordingTo((a, b) -> Double.compare(b, a));
    String firstId = lines.get(1).split("\\s+")[0];
    Path data = folder.resolve("data.jsonl");
    String prompt = row(data, firstId).path("prompt").asText();
    assertThat(lines.get(1)).contains(prompt.substring(0, 15).strip());
  }

  @Test
  void topAsJsonCarriesThePromptAndTheCompletionInForce() throws IOException {
    Cli top = Cli.run("ledger", "top", run, "-n", SAMPLES, "--format", "json");

    assertThat(top.exitCode()).isZero();
    List<JsonNode> rows = nodes(top.out().lines().toList());
    assertThat(rows).isNotEmpty();
    Path data = folder.resolve("data.jsonl");
    for (JsonNode row : rows) {
      JsonNode original = row(data, row.path("id").asText());
      boolean same = row.path("completion").asText().equals(original.path("completion").asText());
      assertThat(row.path("prompt")).isEqualTo(original.path("prompt"));
      assertThat(same).as("%s", row).isEqualTo(row.path("revision").asInt() == 0);
    }
    assertThat(rows).anyMatch(row -> row.path("revision").asInt() > 0);
  }

  @Test
  void showTellsEveryVisitAndEveryVersionOfARewrittenSample() throws IOException {
    JsonNode rewritten = rewritten();
    String id = id(rewritten.path("sample").asInt());

    Cli show = Cli.run("ledger", "show", id, "--run", run);

    assertThat(show.exitCode()).isZero();
    assertThat(show.out())
        .contains("sample " + id)
        .contains("revision 0: the data file's")
        .contains(
            "revision %d: cycle %d after step %d, policy version %d"
                .formatted(
                    rewritten.path("revision").asInt(),
                    rewritten.path("cycle").asInt(),
                    rewritten.path("committed_steps").asInt(),
                    rewritten.path("policy_version").asInt()))
        .contains(rewritten.path("reason").asText())
        .containsOnlyOnce("(in force)")
        .contains("| " + rewritten.path("text").asText().strip().lines().findFirst().orElseThrow());
    long visits =
        show.out().lines().filter(line -> line.matches("( +\\d+){3}( +[-0-9.]+){3}")).count();
    assertThat(visits).isEqualTo(EPOCHS);
  }

  @Test
  void showWeighsAVisitAsTheObjectiveDoes() throws IOException {
    for (JsonNode visit : exported("--visits")) {
      double expected = Math.exp(-Math.max(0, visit.path("z").asDouble()));
      assertThat(visit.path("weight").asDouble()).isEqualTo(expected);
    }
  }

  @Test
  void exportWritesEverySampleOnceInTheOrderOfTheData() throws IOException {
    List<String> ids = new ArrayList<>();
    try (Stream<String> rows = Files.lines(folder.resolve("data.jsonl"))) {
      for (JsonNode row : nodes(rows.toList())) {
        ids.add(row.path("id").asText());
      }
    }

    List<JsonNode> rows = exported();

    assertThat(rows).extracting(row -> row.path("id").asText()).isEqualTo(ids);
    assertThat(rows).allMatch(row -> row.has("origin") && row.has("average") && row.has("visits"));
    assertThat(rows).allMatch(row -> row.has("revision") && row.has("last_cost"));
    for (JsonNode row : rows) {
      boolean visited = row.path("visits").asInt() > 0;
      assertThat(row.path("average").isNumber()).isEqualTo(visited);
      assertThat(row.path("last_cost").isNumber()).isEqualTo(visited);
    }
  }

  @Test
  void exportedVisitsCountEverySampleOnceAnEpochAndAgreeWithTheSamples() throws IOException {
    List<JsonNode> visits = exported("--visits");

    assertThat(visits).hasSize(SAMPLES * EPOCHS);
    Map<String, Long> perSample =
        visits.stream()
            .collect(Collectors.groupingBy(v -> v.path("id").asText(), Collectors.counting()));
    assertThat(perSample.values()).hasSize(SAMPLES).containsOnly((long) EPOCHS);
    for (JsonNode row : exported()) {
      List<JsonNode> sinceRevision =
          visits.stream()
              .filter(visit -> visit.path("id").equals(row.path("id")))
              .filter(visit -> visit.path("revision").equals(row.path("revision")))
              .toList();
      assertThat(sinceRevision).hasSize(row.path("visits").asInt());
      if (!sinceRevision.isEmpty()) {
        JsonNode last = sinceRevision.get(sinceRevision.size() - 1);
        assertThat(row.path("last_cost")).isEqualTo(last.path("cost"));
      }
    }
  }

  @Test
  void aFolderWithoutARunIsNamed() {
    Cli top = Cli.run("ledger", "top", "--run", folder);

    assertThat(top.exitCode()).isEqualTo(1);
    assertThat(top.err()).contains(folder + " holds no run").doesNotContain("\tat ");
  }

  @Test
  void anUnknownIdIsToldWhereIdsAreListed() {
    Cli show = Cli.run("ledger", "show", "no-such-id", run);

    assertThat(show.exitCode()).isEqualTo(1);
    assertThat(show.err()).contains("no sample with id 'no-such-id'", "ledger top --run " + run);
  }

  @Test
  void aRunThatIsStillGoingIsNotRead() throws IOException {
    Path journal = run.resolve("journal/akkord.mv.db");
    try (FileChannel channel =
            FileChannel.open(journal, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      assertThat(lock.isValid()).isTrue();

      Cli top = Cli.run("ledger", "top", run);

      assertThat(top.exitCode()).isEqualTo(1);
      assertThat(top.err()).contains("another process has this run's journal open");
    }
  }

  @Test
  void withoutANameTheNewestRunIsTaken() throws IOException {
    Path runs = Files.createDirectory(folder.resolve("runs"));
    for (String name : List.of("older", "newest", "no-run")) {
      Files.createDirectory(runs.resolve(name));
    }
    Path older = Files.createFile(runs.resolve("older/run.json"));
    Files.createFile(runs.resolve("newest/run.json"));
    Files.setLastModifiedTime(older, FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));

    assertThat(RunOptions.newest(runs)).isEqualTo(runs.resolve("newest"));
    assertThatThrownBy(() -> RunOptions.newest(runs.resolve("no-run")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("there is no run under " + runs.resolve("no-run"));
  }

  @Test
  void twoDifferentRunsAtOnceAreRefused() {
    Cli top = Cli.run("ledger", "top", run, "--run", folder);

    assertThat(top.exitCode()).isEqualTo(1);
    assertThat(top.err()).contains("two runs are named");
  }

  @Test
  void aFileThatCannotBeWrittenIsNamed() {
    Path nowhere = folder.resolve("no/such/folder/ledger.jsonl");

    Cli export = Cli.run("ledger", "export", run, "-o", nowhere);

    assertThat(export.exitCode()).isEqualTo(1);
    assertThat(export.err()).contains(nowhere + " cannot be written").doesNotContain("\tat ");
  }

  @Test
  void readingALedgerLoadsNoActorSystem() throws Exception {
    LoadedClasses loaded = LoadedClasses.of("ledger", "top", "--run", run);

    assertThat(loaded.exitCode()).isZero();
    assertThat(loaded.names()).contains("io.akkord.actors.ledger.LedgerReader");
    assertThat(loaded.names()).noneMatch(name -> name.startsWith("akka."));
  }

  private static List<JsonNode> exported(String... options) throws IOException {
    Path file = Files.createTempFile(folder, "ledger", ".jsonl");
    List<Object> arguments = new ArrayList<>(List.of("ledger", "export", run, "-o", file));
    arguments.addAll(List.of(options));
    assertThat(Cli.run(arguments.toArray()).exitCode()).isZero();
    return nodes(Files.readAllLines(file));
  }

  /** The last accepted rewrite of some sample, as the run's own file tells it. */
  private static JsonNode rewritten() throws IOException {
    List<JsonNode> accepted =
        nodes(Files.readAllLines(run.resolve("rewrites.jsonl"))).stream()
            .filter(row -> row.path("accepted").asBoolean())
            .toList();
    assertThat(accepted).isNotEmpty();
    return accepted.get(accepted.size() - 1);
  }

  private static String id(int sample) throws IOException {
    return nodes(Files.readAllLines(folder.resolve("data.jsonl"))).get(sample).path("id").asText();
  }

  private static JsonNode row(Path data, String id) {
    try {
      return nodes(Files.readAllLines(data)).stream()
          .filter(row -> row.path("id").asText().equals(id))
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<JsonNode> nodes(List<String> lines) throws IOException {
    List<JsonNode> nodes = new ArrayList<>();
    for (String line : lines) {
      nodes.add(JSON.readTree(line));
    }
    return nodes;
  }
}
