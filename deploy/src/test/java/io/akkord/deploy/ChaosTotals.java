package io.akkord.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What troubles have cost a run, from what they were and what the run has written down. */
final class ChaosTotals {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double MILLIS = 1e3;

  /** What was done to a process. */
  enum Kind {
    NODE_KILLED,
    NODE_STOPPED,
    HEAD_KILLED
  }

  /**
   * A trouble.
   *
   * @param at milliseconds since 1970
   * @param committed steps before it
   * @param recovered seconds until a step after them was committed
   */
  record Trouble(Kind kind, String who, long at, int committed, double recovered) {}

  private final List<Trouble> troubles = new ArrayList<>();

  void add(Trouble trouble) {
    troubles.add(trouble);
  }

  List<Trouble> all() {
    return troubles;
  }

  long count(Kind kind) {
    return troubles.stream().filter(t -> t.kind() == kind).count();
  }

  /** Attempts of a run after the first. */
  static List<JsonNode> takenUp(Path output) throws IOException {
    List<JsonNode> opened = new ArrayList<>();
    for (String line : Files.readAllLines(output.resolve("events.jsonl"))) {
      JsonNode event = JSON.readTree(line);
      if (event.path("kind").asText().equals("opened")) {
        opened.add(event);
      }
    }
    return opened.subList(1, opened.size());
  }

  /** Steps that were done and done again, as an attempt goes on from where weights were kept. */
  long recomputedSteps(Path output) throws IOException {
    long steps = 0;
    for (JsonNode attempt : takenUp(output)) {
      long at = attempt.path("at").asLong();
      long from = attempt.path("from_step").asLong();
      steps +=
          troubles.stream()
              .filter(t -> t.at() <= at)
              .reduce((a, b) -> b)
              .map(t -> Math.max(0, t.committed() - from))
              .orElse(0L);
    }
    return steps;
  }

  /**
   * Seconds that the run was longer on its way: what it took to go on after each trouble, less the
   * step that would have come anyway, and the steps that were done again.
   */
  double lostSeconds(Path output) throws IOException {
    double step = usualStep(output);
    double lost = recomputedSteps(output) * step;
    for (Trouble trouble : troubles) {
      lost += Math.max(0, trouble.recovered() - step);
    }
    return lost;
  }

  private static double usualStep(Path output) throws IOException {
    List<Double> seconds = new ArrayList<>();
    for (String line : Files.readAllLines(output.resolve("metrics.jsonl"))) {
      seconds.add(JSON.readTree(line).path("seconds").asDouble());
    }
    seconds.sort(null);
    return seconds.get(seconds.size() / 2);
  }

  /** One line. */
  String line(Path output) throws IOException {
    long first = troubles.get(0).at();
    return String.format(
        Locale.ROOT,
        "chaos: %d kills of nodes, %d kills of heads, %d stops in %.0f s; %d recoveries; %d steps done again; %.1f s of work lost (a step takes %.2f s)",
        count(Kind.NODE_KILLED),
        count(Kind.HEAD_KILLED),
        count(Kind.NODE_STOPPED),
        (troubles.get(troubles.size() - 1).at() - first) / MILLIS,
        troubles.size(),
        recomputedSteps(output),
        lostSeconds(output),
        usualStep(output));
  }
}
