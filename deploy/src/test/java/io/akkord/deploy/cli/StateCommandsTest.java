package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.deploy.state.Table;
import io.akkord.deploy.state.TraceFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** list, get, summary, logs and timeline of a small real run that is over. */
class StateCommandsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int STEPS = 24;

  @TempDir static Path folder;

  private static Path run;

  @BeforeAll
  static void trainsASmallRun() throws IOException {
    List<String> rows = new ArrayList<>();
    rows.add(
        JSON.createObjectNode()
            .put("id", "hostile-1")
            .put("origin", "foreign")
            .put("prompt", "Once\u001b[31m red \u202Eesrever\nnext")
            .put("completion", "upon a time there was a needle.")
            .toString());
    try (Stream<String> lines = Files.lines(Cli.DATA)) {
      rows.addAll(lines.limit(31).toList());
    }
    Files.write(folder.resolve("data.jsonl"), rows);
    run = folder.resolve("run");
    Path recipe = folder.resolve("recipe.yaml");
    Files.writeString(
        recipe,
        """
        model_name_or_path: %s
        train_file: data.jsonl
        output_dir: %s
        global_batch_size: 8
        micro_batch_size: 4
        max_steps: %d
        max_length: 256
        too_long: truncate
        save_steps: 8
        rewrite: {warmup: 6, every: 8, min_visits: 1, fraction: 0.2, probability: 1.0, max_new_tokens: 60}
        """
            .formatted(Cli.MODEL, run, STEPS));
    Cli train = Cli.run("train", recipe, "--in-process", "--workers", 2, "--dashboard-port", 0);
    assertThat(train.exitCode()).as("%s%n%s", train.out(), train.err()).isZero();
    assertThat(run.resolve("dashboard.json")).as("no page is left").doesNotExist();
  }

  private static Cli akkord(Object... words) {
    List<Object> all = new ArrayList<>(List.of(words));
    all.addAll(List.of("--dir", run));
    return Cli.run(all.toArray());
  }

  private static JsonNode json(Object... words) throws IOException {
    List<Object> all = new ArrayList<>(List.of(words));
    all.addAll(List.of("--format", "json"));
    Cli said = akkord(all.toArray());
    assertThat(said.exitCode()).as(said.err()).isZero();
    return JSON.readTree(said.out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nodes",
        "actors",
        "workers",
        "runs",
        "samples",
        "rewrites",
        "checkpoints",
        "steps"
      })
  void everyKindIsListedAndSummarisedInEveryFormat(String kind) {
    for (String format : List.of("table", "json", "yaml")) {
      Cli list = akkord("list", kind, "--format", format);
      assertThat(list.exitCode()).as(list.err()).isZero();
      assertThat(list.out()).isNotBlank();
      Cli summary = akkord("summary", kind, "--format", format);
      assertThat(summary.exitCode()).as(summary.err()).isZero();
      assertThat(summary.out()).contains("count");
    }
  }

  @Test
  void stepsBeginWithTheNewestAndCarryTheTimesOfTheirWorkers() throws Exception {
    JsonNode steps = json("list", "steps", "--limit", 3);
    assertThat(steps).hasSize(3);
    assertThat(steps.get(0).path("step").asInt()).isEqualTo(STEPS - 1);
    JsonNode tenth = json("get", "steps", 10);
    assertThat(tenth.path("workers")).hasSize(2);
    assertThat(tenth.path("workers").get(0).path("forward").asDouble()).isPositive();
    assertThat(tenth.path("workers").get(0).path("backward").asDouble()).isPositive();
  }

  @Test
  void detailShowsEveryColumn() throws Exception {
    String few = akkord("list", "steps").out().lines().findFirst().orElseThrow();
    String all = akkord("list", "steps", "--detail").out().lines().findFirst().orElseThrow();
    json("list", "steps")
        .get(0)
        .fieldNames()
        .forEachRemaining(name -> assertThat(all).contains(name.toUpperCase(Locale.ROOT)));
    assertThat(few).doesNotContain("ENTROPY");
    assertThat(all).contains("ENTROPY");
  }

  @Test
  void oneOfEveryKindThatOutlivesTheRunIsShownInFull() throws Exception {
    assertThat(akkord("get", "workers", "worker-1").out()).contains("worker-1", "left");
    assertThat(akkord("get", "actors", "worker-0").out()).contains("restarts", "left");
    String id = json("list", "runs").get(0).path("id").asText();
    assertThat(json("get", "runs", id).path("committed_steps").asInt()).isEqualTo(STEPS);
    assertThat(json("get", "samples", "hostile-1").path("prompt").asText()).startsWith("Once");
    assertThat(json("get", "checkpoints", 16).path("state").asText()).isEqualTo("complete");
    assertThat(json("get", "steps", 3).path("step").asInt()).isEqualTo(3);
    Cli node = akkord("get", "nodes", "anybody");
    assertThat(node.exitCode()).isEqualTo(1);
    assertThat(node.err()).contains("no node 'anybody'");
  }

  @Test
  void everyRewriteOfASampleIsShown() throws Exception {
    Map<String, Integer> counts = new HashMap<>();
    json("list", "rewrites", "--limit", 1000)
        .forEach(row -> counts.merge(row.path("id").asText(), 1, Integer::sum));
    assertThat(counts).as("two cycles have chosen samples").isNotEmpty();
    for (var entry : counts.entrySet()) {
      JsonNode found = json("get", "rewrites", entry.getKey());
      assertThat(found).hasSize(entry.getValue());
      assertThat(found.findValuesAsText("id")).containsOnly(entry.getKey());
    }
  }

  @Test
  void whoNamesNeitherARunNorAHeadIsToldOfBoth() {
    Cli neither = Cli.run("list", "nodes");
    assertThat(neither.exitCode()).isEqualTo(1);
    assertThat(neither.err()).contains("holds no run", "--dir", "no head", "--address");
    Cli both = Cli.run("list", "nodes", "--dir", run, "--address", "127.0.0.1:1");
    assertThat(both.exitCode()).isEqualTo(2);
  }

  @Test
  void filtersAndLimitsSayWhatTheyLeaveOut() throws Exception {
    JsonNode foreign = json("list", "samples", "--filter", "origin=foreign");
    JsonNode others = json("list", "samples", "--filter", "origin!=foreign");
    assertThat(foreign.size()).isPositive();
    assertThat(foreign.size() + others.size()).isEqualTo(32);
    assertThat(foreign).allMatch(row -> row.path("origin").asText().equals("foreign"));
    Cli few = akkord("list", "samples", "--limit", 2);
    assertThat(few.out().lines()).hasSize(4);
    assertThat(few.out()).contains("and more");
    assertThat(akkord("list", "samples", "--filter", "origin=nobody").out())
        .contains("No samples.");
  }

  @Test
  void aHostileTextTurnsNoTerminal() {
    Cli list = akkord("list", "samples", "--filter", "id=hostile-1");
    assertThat(list.out()).contains("⟨U+001B⟩", "⟨U+202E⟩").doesNotContain("\u001b", "\u202e");
    assertThat(list.out().lines()).hasSize(2);
    Cli get = akkord("get", "samples", "hostile-1");
    assertThat(get.out()).doesNotContain("\u001b", "\u202e");
    Cli json = akkord("get", "samples", "hostile-1", "--format", "json");
    assertThat(json.out()).doesNotContain("\u001b", "\u202e").contains("\\u202E");
    assertThat(Table.safe("a\tb\u0000")).isEqualTo("a b⟨U+0000⟩");
  }

  @Test
  void aMistakeIsNamedWithWhatIsAllowed() {
    Cli kind = akkord("list", "chickens");
    assertThat(kind.exitCode()).isEqualTo(2);
    assertThat(kind.err()).contains("'chickens'", "nodes, actors, workers");
    Cli column = akkord("list", "steps", "--filter", "colour=red");
    assertThat(column.exitCode()).isEqualTo(1);
    assertThat(column.err()).contains("no column 'colour'", "grad_norm");
    Cli form = akkord("list", "steps", "--filter", "colour");
    assertThat(form.exitCode()).isEqualTo(2);
    assertThat(form.err()).contains("COLUMN=VALUE");
    Cli id = akkord("get", "checkpoints", 7);
    assertThat(id.exitCode()).isEqualTo(1);
    assertThat(id.err()).contains("no checkpoint '7'", "akkord list checkpoints");
    assertThat(akkord("get", "samples", "nobody").err()).contains("nobody");
    Cli format = akkord("list", "steps", "--format", "xml");
    assertThat(format.exitCode()).isEqualTo(2);
    assertThat(format.err()).contains("table, json and yaml");
    Cli none = Cli.run("list", "steps", "--dir", folder.resolve("data.jsonl"));
    assertThat(none.exitCode()).isEqualTo(1);
    assertThat(none.err()).contains("is no folder");
  }

  @Test
  void theRunIsOverAndSaysSoWhereOnlyTheLivingAreKnown() {
    assertThat(akkord("list", "nodes").out()).contains("does not go on");
    assertThat(akkord("list", "workers").out()).contains("worker-0", "worker-1", "left");
  }

  @Test
  void statusOfARunSaysHowFarItIsAndWhatItNeeds() throws Exception {
    Cli text = Cli.run("status", "--dir", run.toString());
    assertThat(text.exitCode()).isZero();
    assertThat(text.out()).contains("finished after step 24 of 24", "Needs attention:");
    JsonNode json = JSON.readTree(Cli.run("status", "--dir", run, "--format", "json").out());
    assertThat(json.path("attention").isArray()).isTrue();
    for (JsonNode entry : json.path("attention")) {
      assertThat(text.out()).contains(entry.path("reason").asText(), entry.path("advice").asText());
    }
  }

  @Test
  void logsAreSortedByTimeAndNamedAfterWhoSpoke() throws Exception {
    Files.createDirectories(run.resolve("logs"));
    Files.writeString(
        run.resolve("logs/worker-9.log"), "12:00:00 WARN  i.a.Some - the disk is slow\n");
    Cli all = akkord("logs");
    assertThat(all.out()).contains("attempt 1 begins", "checkpoint after step 8", "finished after");
    List<String> times = all.out().lines().map(line -> line.substring(0, 19)).toList();
    assertThat(times).isSorted();
    Cli warnings = akkord("logs", "--level", "warn", "--node", "worker-9");
    assertThat(warnings.out().lines()).hasSize(1);
    assertThat(warnings.out()).contains("worker-9", "the disk is slow");
    assertThat(akkord("logs", "--tail", 2).out().lines()).hasSize(2);
    assertThat(akkord("logs", "--tail", 2).err()).contains("older lines match");
    assertThat(akkord("logs", "--level", "loud").err()).contains("debug, info, warn, error");
  }

  @Test
  void logsOfOneActorAreItsOwn() {
    Cli checkpointer = akkord("logs", "--actor", "Checkpointer");
    assertThat(checkpointer.out().lines()).hasSize(3).allMatch(l -> l.contains("checkpoint after"));
    assertThat(akkord("logs", "--actor", "supervisor", "--node", "run").out())
        .contains("attempt 1 begins", "finished after")
        .doesNotContain("checkpoint after", "joined:");
    assertThat(akkord("logs", "--node", "worker-1").out()).contains("joined: ");
    Cli nobody = akkord("logs", "--actor", "nobody");
    assertThat(nobody.out()).isEmpty();
    assertThat(nobody.err()).contains("actors: checkpointer, ", "supervisor");
  }

  @Test
  void theTimelineIsATraceThatViewersOpen() throws Exception {
    Path file = folder.resolve("trace.json");
    assertThat(akkord("timeline", "-o", file).exitCode()).isZero();
    JsonNode trace = JSON.readTree(file.toFile());
    assertThat(TraceFormat.wrong(trace)).isEmpty();
    Set<String> spans = new HashSet<>();
    long last = 0;
    for (JsonNode event : trace.path("traceEvents")) {
      last = event.path("ts").asLong();
      if (event.path("ph").asText().equals("X")) {
        spans.add(event.path("name").asText());
      }
    }
    assertThat(spans)
        .contains("step 0", "step 23", "checkpoint after step 16", "rewrite cycle 1", "forward");
    long now = System.currentTimeMillis() * 1000;
    assertThat(last).as("microseconds since 1970").isBetween(now - 600_000_000, now + 1_000_000);
  }
}
