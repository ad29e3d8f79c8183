package io.akkord.deploy.browser;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.deploy.Main;
import io.akkord.model.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** The demo's command and recipe on its data and some hostile rows, in a folder of its own. */
final class DemoRuns {
  /** A demonstration that tries what it can. */
  static final String HOSTILE =
      "<script>alert('owned')</script><img src=x onerror=alert(1)> \u202Eesrever\u202C & </td>";

  /** The same in a line of a megabyte. */
  static final String LONG = HOSTILE + "a".repeat(1 << 20);

  private static final int ROWS = 400;

  private static final Pattern URL = Pattern.compile("dashboard: (http://127\\.0\\.0\\.1:\\d+)");

  private final Path folder;

  DemoRuns(Path folder) throws IOException {
    this.folder = folder;
    Path demo = Files.createDirectories(folder.resolve("home/deploy/demo"));
    Files.createDirectories(demo.resolve("data"));
    Files.createDirectories(demo.resolve("models"));
    Path shipped = TestModels.stories260K().toRealPath();
    Files.createSymbolicLink(demo.resolve("models/stories260K"), shipped);
    Files.writeString(
        demo.resolve("demo.yaml"), recipe(shipped.resolve("../../demo.yaml").normalize()));
    List<String> rows = new ArrayList<>();
    try (var lines = Files.lines(TestModels.mixedStories())) {
      lines.limit(ROWS).forEach(rows::add);
    }
    // Every tenth row is held out; these are not.
    rows.add(1, row("hostile-1", HOSTILE + " needle"));
    rows.add(2, row("long-1", LONG));
    Files.write(demo.resolve("data/mixed_stories.jsonl"), rows);
  }

  private static String row(String id, String completion) throws IOException {
    return new ObjectMapper()
        .writeValueAsString(
            Map.of("id", id, "origin", "foreign", "prompt", "Once", "completion", completion));
  }

  /** The demo's, but so long that only the button ends it, and with its first cycle soon. */
  private static String recipe(Path shipped) throws IOException {
    String text = Files.readString(shipped);
    for (List<String> change :
        List.of(
            List.of("num_train_epochs: 3\n", "max_steps: 100000\ntoo_long: truncate\n"),
            List.of("max_length: 512", "max_length: 256"),
            List.of("warmup: 0.34, every: 0.25", "warmup: 10, every: 30"),
            List.of("eval_steps: 0.34", "eval_steps: 10"),
            List.of("save_steps: 0.34", "save_steps: 20\nsave_total_limit: 3"))) {
      assertThat(text).contains(change.get(0));
      text = text.replace(change.get(0), change.get(1));
    }
    return text;
  }

  /** The output folder of a run. */
  Path run(String name) {
    return folder.resolve("runs").resolve(name);
  }

  /** The recipe that the demo has written for its run. */
  Path recipe() {
    return folder.resolve("runs/demo-input/demo.yaml");
  }

  String said(String log) throws IOException {
    return Files.readString(folder.resolve(log + ".log"));
  }

  /** Starts a command in a process of its own, whose output is a log of that name. */
  Process start(String log, String... command) throws IOException {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(
        List.of(
            "-Xmx1g",
            "-XX:TieredStopAtLevel=1",
            "-Dakkord.home=" + folder.resolve("home"),
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName()));
    words.addAll(List.of(command));
    return new ProcessBuilder(words)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve(log + ".log").toFile())
        .start();
  }

  /** Where the process shows its page. */
  String url(String log, Process process) {
    return Awaitility.await("the address of the dashboard")
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> {
              Matcher found = URL.matcher(said(log));
              if (found.find()) {
                return Optional.of(found.group(1));
              }
              assertThat(process.isAlive()).as(said(log)).isTrue();
              return Optional.<String>empty();
            },
            Optional::isPresent)
        .get();
  }
}
