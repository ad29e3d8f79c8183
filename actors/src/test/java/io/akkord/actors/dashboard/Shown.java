package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Everything that can be seen of a model, as text, so that two can be compared. */
final class Shown {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private Shown() {}

  static RunModel fold(List<? extends RunEvent> events) {
    RunModel model = new RunModel();
    events.forEach(event -> model.apply(new TimedEvent(0, event)));
    return model;
  }

  static RunModel foldTimed(List<TimedEvent> events) {
    RunModel model = new RunModel();
    events.forEach(model::apply);
    return model;
  }

  /** Compares two of these, and shows where they part rather than all of both. */
  static void assertSame(String shown, String expected) {
    List<String> left = shown.lines().toList();
    List<String> right = expected.lines().toList();
    for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
      if (!left.get(i).equals(right.get(i))) {
        assertThat(around(left, i)).isEqualTo(around(right, i));
      }
    }
    assertThat(left).hasSameSizeAs(right);
  }

  private static String around(List<String> lines, int at) {
    return lines.subList(Math.max(0, at - 12), Math.min(lines.size(), at + 3)).stream()
        .map(line -> line.substring(0, Math.min(200, line.length())))
        .collect(Collectors.joining("\n"));
  }

  /** Everything but the log, which also tells of attempts that were taken back. */
  static String numbers(RunModel model) {
    return text(map(model));
  }

  static String all(RunModel model) {
    Map<String, Object> view = map(model);
    view.put("log", model.log().find(0, "", "", Integer.MAX_VALUE));
    return text(view);
  }

  private static String text(Object view) {
    try {
      return JSON.writeValueAsString(view);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, Object> map(RunModel m) {
    Map<String, Object> view = new LinkedHashMap<>();
    view.put("committed_steps", m.committedSteps());
    view.put("attempt", m.opened().map(RunEvent.Opened::attempt).orElse(-1L));
    view.put("ended", m.ended().map(RunEvent.Ended::outcome).orElse(""));
    view.put(
        "sums",
        Map.of(
            "all",
            List.of(m.tokens(), m.samples(), m.seconds(), (double) m.skipped(), m.clipped())));
    view.put("tokens_per_second", m.tokensPerSecond());
    view.put("seconds_left", m.secondsLeft());
    view.put("baseline_entropy", m.baselineEntropy());
    view.put("last", m.last().map(Views::step).orElse(Map.of()));
    view.put("recent", m.recent().stream().map(r -> r.step()).toList());
    view.put("evals", m.evals().stream().map(Views::eval).toList());
    view.put("cycles", m.cycles().stream().map(Views::cycle).toList());
    view.put(
        "checkpoints",
        m.checkpoints().stream().map(CheckpointFinished::getCommittedSteps).toList());
    view.put("workers", List.copyOf(m.workers()));
    view.put("overdue", m.overdue().stream().map(RunEvent.Overdue::reason).toList());
    view.put("attention", Attention.of(m, Attention.Disk.UNKNOWN));
    view.put("sparks", Views.sparks(m, List.of("loss", "entropy")));
    for (String x : List.of("step", "tokens", "time")) {
      view.put("curves_by_" + x, Views.curves(m, x, Curves.NAMES, 0));
    }
    return view;
  }
}
