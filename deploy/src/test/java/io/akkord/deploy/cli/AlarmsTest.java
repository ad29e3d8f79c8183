package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.dashboard.AttentionWatch;
import io.akkord.actors.dashboard.Happenings;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.http.LocalAnswers;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunRecord;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every alarm, by a run that raises it and no other, in all three places where a person looks. */
class AlarmsTest {
  private static final int STEPS = 200;

  @TempDir private Path folder;

  private enum Alarm {
    ENTROPY_LOW("entropy is low", "0.200 nats", "look at new rewrites", steps(0.2, null)),
    ENTROPY_HIGH("entropy is high", "6.000 nats", "look at held-out NLL", steps(6, null)),
    SKIPS("steps skipped", "the last was step 199", "Lower learning_rate", steps(2, "NaN")),
    REPETITION(
        "rewrites repeat themselves",
        "only 31 %",
        "raise rewrite.temperature",
        events -> {
          steps(2, null).accept(events);
          events.add(Happenings.distinct(1, STEPS, 0.31));
        }),
    NO_REWRITE(
        "no rewrite taken",
        "5 candidates, none taken",
        "max_new_tokens",
        events -> {
          steps(2, null).accept(events);
          events.add(Happenings.cycle(1, STEPS, 0));
        }),
    STRAGGLERS(
        "stragglers",
        "worker-1 took more than 1.5 times",
        "Every step waits for the slowest",
        events -> {
          for (int step = 0; step < STEPS; step++) {
            events.add(Happenings.step(step));
            events.add(Happenings.phases(step, 1, 2));
          }
        }),
    DISK("disk nearly full", "free, a checkpoint takes", "lower save_total_limit", steps(2, null));

    private final String about;
    private final String reason;
    private final String advice;
    private final Consumer<List<RunEvent>> story;

    Alarm(String about, String reason, String advice, Consumer<List<RunEvent>> story) {
      this.about = about;
      this.reason = reason;
      this.advice = advice;
      this.story = story;
    }

    /** Entropy is 2 over the first 32 steps; the last step may be one that is skipped. */
    private static Consumer<List<RunEvent>> steps(double entropy, String skipped) {
      return events -> {
        for (int step = 0; step < STEPS; step++) {
          boolean last = step == STEPS - 1;
          events.add(
              new RunEvent.Step(
                  Happenings.report(step, step < 32 ? 2 : entropy, false, last ? skipped : null)));
        }
      };
    }
  }

  /** A checkpoint as large as what is free: on paper, as nothing of it is written. */
  private static void fill(Path run) throws IOException {
    Path checkpoint = Files.createDirectories(Checkpoints.folder(run, 100));
    long free = Files.getFileStore(run).getUsableSpace();
    try (RandomAccessFile file =
        new RandomAccessFile(checkpoint.resolve("model.safetensors").toFile(), "rw")) {
      file.setLength(free);
    }
  }

  @ParameterizedTest
  @EnumSource(Alarm.class)
  void isInOverviewInStatusAndInTheLogWithReasonAndAdvice(Alarm alarm) throws IOException {
    List<RunEvent> events = new ArrayList<>(List.of(Happenings.opened(1, 0, 1_000)));
    alarm.story.accept(events);
    Path run = folder.resolve("run");
    List<String> said = new ArrayList<>();
    try (RunRecord record = RunRecord.create(run, "run-1")) {
      if (alarm == Alarm.DISK) {
        fill(run);
      }
      AtomicLong clock = new AtomicLong(1);
      AttentionWatch watch = new AttentionWatch(run, () -> clock.addAndGet(1_000));
      for (RunEvent event : events) {
        record.write(event);
        said.addAll(watch.on(event));
      }
      for (String line : said) {
        record.write(new RunEvent.Note(line));
      }
    }
    assertThat(said)
        .singleElement()
        .asString()
        .startsWith("needs attention: " + alarm.about + ": ")
        .contains(alarm.advice);
    assertThat(overview(run)).hasSize(1);
    JsonNode entry = overview(run).get(0);
    assertThat(entry.path("about").asText()).isEqualTo(alarm.about);
    assertThat(entry.path("reason").asText()).contains(alarm.reason);
    assertThat(entry.path("advice").asText()).contains(alarm.advice);
    assertThat(Cli.run("status", "--dir", run).out())
        .contains(
            "%s: %s: %s"
                .formatted(
                    entry.path("severity").asText(), alarm.about, entry.path("reason").asText()),
            entry.path("advice").asText())
        .doesNotContain("(nothing)");
    assertThat(Cli.run("logs", "--dir", run, "--level", "warn").out())
        .containsOnlyOnce("needs attention: " + alarm.about);
  }

  private static JsonNode overview(Path run) throws IOException {
    try (RunSet runs = RunSet.around(run)) {
      runs.refresh();
      String answer = new LocalAnswers(runs).get(List.of("overview"), Map.of());
      return new ObjectMapper().readTree(answer).path("attention");
    }
  }
}
