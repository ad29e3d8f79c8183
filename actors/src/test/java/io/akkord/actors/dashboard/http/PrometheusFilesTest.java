package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.akkord.actors.dashboard.Happenings;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunRecord;
import io.akkord.actors.run.TimedEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is exposed to Prometheus, and the page and the alerts that are made of it. */
class PrometheusFilesTest {
  private static final Path FILES = Path.of("..", "deploy", "prometheus");
  private static final Pattern NAME = Pattern.compile("\\bakkord_\\w+");

  /** {@code akkord_<subsystem>_<what>_<unit>}. */
  private static final Pattern PATTERN =
      Pattern.compile(
          "akkord_[a-z]+(_[a-z]+)+_(total|steps|second|seconds|bytes|nats|ratio|count|bool|number)");

  private static final String STRING = "\"(?:[^\"\\\\\\n]|\\\\[\\\\\"n])*\"";
  private static final String LABEL = "[a-zA-Z_]\\w*=" + STRING;
  private static final Pattern COMMENT =
      Pattern.compile("# (HELP|TYPE) ([a-zA-Z_:][\\w:]*) (\\S.*)");
  private static final Pattern SAMPLE =
      Pattern.compile(
          "([a-zA-Z_:][\\w:]*)(?:\\{(%1$s(?:,%1$s)*)\\})? (NaN|[+-]Inf|-?\\d+(?:\\.\\d+)?(?:E-?\\d+)?)"
              .formatted(LABEL));
  private static final Pattern LABEL_NAME = Pattern.compile("(\\w+)=" + STRING);

  @TempDir private Path folder;
  private String text;

  @BeforeEach
  void aRunInWhichEverythingHappens() throws IOException {
    Path run = folder.resolve("run");
    RunRecord.create(run, "a \"run\" \\ of mine").close();
    Files.write(Files.createDirectories(run.resolve("checkpoint-2")).resolve("a"), new byte[321]);
    List<RunEvent> events = new ArrayList<>(List.of(Happenings.opened(1, 0, 40)));
    events.add(Happenings.worker(1, "joined"));
    events.add(Happenings.worker(2, "lost"));
    for (int step = 0; step < 34; step++) {
      events.add(Happenings.varied(step));
    }
    events.add(Happenings.varied(34, Double.POSITIVE_INFINITY, "not finite"));
    events.add(Happenings.phases(33, 1, 2.5));
    events.add(Happenings.overdue(34));
    events.add(Happenings.cycle(1, 10, 0));
    events.add(Happenings.eval(10));
    events.add(Happenings.checkpoint(2));
    events.add(new RunEvent.Note("something"));
    events.add(Happenings.ended(35, "failed"));
    assertThat(events.stream().map(Object::getClass).collect(Collectors.toSet()))
        .as("one event of every kind")
        .containsExactlyInAnyOrder(RunEvent.class.getPermittedSubclasses());
    try (RunView view = RunView.of(run)) {
      view.refresh();
      view.read(
          model -> {
            events.forEach(event -> model.apply(new TimedEvent(1_500_000, event)));
            return null;
          });
      text = Metrics.text(List.of(view));
    }
  }

  @Test
  void everyLineIsWrittenInPrometheusTextFormat() {
    assertThat(text).endsWith("\n");
    assertThat(text.lines())
        .allMatch(line -> COMMENT.matcher(line).matches() || SAMPLE.matcher(line).matches());
  }

  @Test
  void everyNameFollowsThePatternAndIsExplainedAndTypedOnceBeforeItsSamples() {
    Set<String> explained = new HashSet<>();
    Map<String, String> types = new java.util.HashMap<>();
    for (String line : text.lines().toList()) {
      Matcher comment = COMMENT.matcher(line);
      if (comment.matches() && comment.group(1).equals("HELP")) {
        assertThat(explained.add(comment.group(2))).as(line).isTrue();
      } else if (comment.matches()) {
        assertThat(types.put(comment.group(2), comment.group(3))).as(line).isNull();
      } else {
        String name = sample(line).group(1);
        assertThat(name).matches(PATTERN);
        assertThat(explained).contains(name);
        assertThat(types.get(name)).isEqualTo(name.endsWith("_total") ? "counter" : "gauge");
      }
    }
    assertThat(exposed()).isEqualTo(explained).isEqualTo(types.keySet());
    assertThat(Metrics.names()).containsExactlyInAnyOrderElementsOf(exposed());
  }

  @Test
  void noLabelButTheRunAndTheWorkerSoNeverASample() {
    Set<String> labels = new TreeSet<>();
    for (String line : samples()) {
      String all = sample(line).group(2);
      if (all != null) {
        LABEL_NAME.matcher(all).results().map(label -> label.group(1)).forEach(labels::add);
      }
    }
    assertThat(labels).containsExactly("run", "worker");
  }

  @Test
  void whatTheAlertsNeedHasTheFiguresOfTheRun() {
    String run = "{run=\"a \\\"run\\\" \\\\ of mine\"";
    assertThat(samples())
        .contains(
            "akkord_worker_joined_bool" + run + ",worker=\"worker-2\"} 0",
            "akkord_worker_busy_seconds" + run + ",worker=\"worker-1\"} 2.5",
            "akkord_objective_entropy_nats" + run + "} +Inf",
            "akkord_objective_baseline_entropy_nats" + run + "} 1.5",
            "akkord_step_skipped_total" + run + "} 1",
            "akkord_step_last_seconds" + run + "} 0.5",
            "akkord_step_overdue_count" + run + "} 1",
            "akkord_rewrite_last_candidates_count" + run + "} 5",
            "akkord_rewrite_last_accepted_count" + run + "} 0",
            "akkord_checkpoint_last_timestamp_seconds" + run + "} 1500",
            "akkord_checkpoint_last_bytes" + run + "} 321",
            "akkord_run_running_bool" + run + "} 0",
            "akkord_run_ended_bool" + run + "} 1");
  }

  @Test
  void everyNameOnThePageAndInTheAlertsIsExposed() throws IOException {
    for (String file : List.of("grafana-dashboard.json", "alerts.yaml")) {
      Set<String> used = names(Files.readString(FILES.resolve(file)));
      assertThat(used).as(file).hasSizeGreaterThan(10).isSubsetOf(exposed());
    }
  }

  @Test
  void thePageHasAPanelForEveryFigureOfTraining() throws IOException {
    JsonNode page = new ObjectMapper().readTree(FILES.resolve("grafana-dashboard.json").toFile());
    Set<Integer> ids = new HashSet<>();
    Set<String> places = new HashSet<>();
    List<String> titles = new ArrayList<>();
    for (JsonNode panel : page.get("panels")) {
      assertThat(ids.add(panel.get("id").intValue())).isTrue();
      assertThat(places.add(panel.get("gridPos").toString())).isTrue();
      titles.add(panel.get("title").textValue());
      assertThat(panel.get("targets")).as(panel.get("title").textValue()).isNotEmpty();
      for (JsonNode target : panel.get("targets")) {
        assertExpression(target.get("expr").textValue());
      }
    }
    assertThat(titles)
        .contains(
            "Loss",
            "NLL",
            "Mean token probability",
            "Entropy",
            "Weights: mean w and effective share",
            "Gradient norm",
            "Clipped steps",
            "Tokens per second",
            "Step seconds",
            "Workers",
            "Checkpoint age",
            "Checkpoint seconds",
            "Rewrites tried and accepted",
            "Skipped steps");
  }

  @Test
  void everyAlertSaysForHowLongHowBadWhatAndWhatToDo() throws IOException {
    List<String> alerts = new ArrayList<>();
    JsonNode rules = new YAMLMapper().readTree(FILES.resolve("alerts.yaml").toFile());
    for (JsonNode group : rules.get("groups")) {
      assertThat(group.path("name").asText()).isNotBlank();
      for (JsonNode rule : group.get("rules")) {
        String alert = rule.path("alert").asText();
        alerts.add(alert);
        assertThat(rule.path("for").asText()).as(alert).matches("[1-9]\\d*[smh]");
        assertThat(rule.at("/labels/severity").asText()).as(alert).isIn("warning", "critical");
        for (String annotation : List.of("summary", "description", "action")) {
          assertThat(rule.at("/annotations/" + annotation).asText())
              .as(alert + " " + annotation)
              .isNotBlank();
        }
        assertExpression(rule.path("expr").asText());
      }
    }
    assertThat(alerts)
        .doesNotHaveDuplicates()
        .contains(
            "AkkordNoStep",
            "AkkordStepsSkipped",
            "AkkordEntropyCollapse",
            "AkkordEntropyHigh",
            "AkkordRewritesRepeat",
            "AkkordNoRewriteAccepted",
            "AkkordStepOverdue",
            "AkkordStraggler",
            "AkkordWorkerLost",
            "AkkordDiskNearlyFull");
  }

  @Test
  void theScrapeExampleIsYaml() throws IOException {
    String readme = Files.readString(FILES.resolve("README.md"));
    Matcher block = Pattern.compile("(?s)```yaml\\n(.*?)```").matcher(readme);
    assertThat(block.find()).isTrue();
    JsonNode config = new YAMLMapper().readTree(block.group(1));
    assertThat(config.at("/scrape_configs/0/job_name").asText()).isEqualTo("akkord");
    assertThat(config.at("/scrape_configs/0/static_configs/0/targets/0").asText())
        .endsWith(":" + DashboardOptions.DEFAULT_PORT);
    assertThat(config.at("/rule_files/0").asText()).isEqualTo("alerts.yaml");
  }

  /** Brackets close, words are known, and operators stand between operands. */
  private static void assertExpression(String expression) {
    Pattern token =
        Pattern.compile(
            "\\s+|(?<range>\\[\\d+[smhd]\\])|(?<matcher>\\{\\w+(?:=~|!=|!~|=)\"[^\"]*\"\\})"
                + "|(?<number>\\d+(?:\\.\\d+)?)|(?<word>[a-zA-Z_]\\w*)"
                + "|(?<operator>==|!=|>=|<=|[-+*/<>])|(?<bracket>[(),])");
    Set<String> known =
        Set.of(
            "and",
            "or",
            "unless",
            "on",
            "by",
            "group_left",
            "rate",
            "delta",
            "changes",
            "time",
            "avg_over_time",
            "quantile",
            "count",
            "max",
            "run",
            "instance",
            "job");
    Set<String> between = Set.of("and", "or", "unless");
    Matcher next = token.matcher(expression);
    Deque<String> open = new ArrayDeque<>();
    boolean operand = false;
    int at = 0;
    while (at < expression.length()) {
      assertThat(next.find(at) && next.start() == at).as(expression.substring(at)).isTrue();
      at = next.end();
      String word = next.group("word");
      String part = next.group().strip();
      if (word != null) {
        assertThat(word.startsWith("akkord_") || known.contains(word)).as(word).isTrue();
      }
      if (next.group("operator") != null || (word != null && between.contains(word))) {
        assertThat(operand).as("%s in %s has a left side", part, expression).isTrue();
        operand = false;
      } else if (part.equals("(")) {
        open.push(part);
      } else if (part.equals(")")) {
        assertThat(open).as(expression).isNotEmpty();
        open.pop();
        operand = true;
      } else if (!part.isEmpty()) {
        operand = !part.equals(",");
      }
    }
    assertThat(open).as(expression).isEmpty();
    assertThat(operand).as("%s ends with an operand", expression).isTrue();
    assertThat(names(expression)).as(expression).isNotEmpty();
  }

  private static Set<String> names(String in) {
    return NAME.matcher(in).results().map(MatchResult::group).collect(Collectors.toSet());
  }

  private Set<String> exposed() {
    return samples().stream().map(line -> sample(line).group(1)).collect(Collectors.toSet());
  }

  private List<String> samples() {
    return Arrays.stream(text.split("\n")).filter(line -> !line.startsWith("#")).toList();
  }

  private static MatchResult sample(String line) {
    Matcher sample = SAMPLE.matcher(line);
    assertThat(sample.matches()).as(line).isTrue();
    return sample;
  }
}
