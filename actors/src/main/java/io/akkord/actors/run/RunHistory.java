package io.akkord.actors.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.config.EffectiveRecipe.Setting;
import io.akkord.config.Origin;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import io.akkord.proto.SupervisorEvent.OriginScore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What an output folder tells of its run, as the events it was written from: all at first, later
 * what came since. The run may go on in another process or be long over.
 */
public final class RunHistory {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final TailedFile steps;
  private final TailedFile evals;
  private final TailedFile events;

  /** The history in {@code outputDir}. */
  public RunHistory(Path outputDir) {
    steps = new TailedFile(outputDir.resolve("metrics.jsonl"));
    evals = new TailedFile(outputDir.resolve("eval.jsonl"));
    events = new TailedFile(outputDir.resolve(EventsFile.NAME));
  }

  /** Whether a resume cut what was read: then everything is to be read again. */
  public boolean cut() {
    try {
      return steps.replaced() || evals.replaced() || events.replaced();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Begins at the beginning. */
  public void restart() {
    steps.restart();
    evals.restart();
    events.restart();
  }

  /**
   * Hands over what came since the last call. Lines that are not whole are passed over.
   *
   * <p>An attempt is on record before its first step, and its beginning takes back what came after
   * the step it goes on from. The files of steps and evaluations hold only what is still true, so
   * the newest attempt's beginning comes before them.
   */
  public void next(Consumer<TimedEvent> consumer) {
    try {
      long stepsEnd = steps.size();
      long evalsEnd = evals.size();
      List<TimedEvent> happened = new ArrayList<>();
      events.lines(events.size(), line -> parse(line, RunHistory::event, happened::add));
      int begun = 0;
      for (int i = 0; i < happened.size(); i++) {
        begun = happened.get(i).event() instanceof RunEvent.Opened ? i + 1 : begun;
      }
      happened.subList(0, begun).forEach(consumer);
      steps.lines(stepsEnd, line -> parse(line, RunHistory::step, consumer));
      evals.lines(evalsEnd, line -> parse(line, RunHistory::eval, consumer));
      happened.subList(begun, happened.size()).forEach(consumer);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private interface Parser {
    RunEvent parse(JsonNode line);
  }

  private static void parse(String text, Parser parser, Consumer<TimedEvent> consumer) {
    try {
      JsonNode line = JSON.readTree(text);
      RunEvent event = parser.parse(line);
      if (event != null) {
        consumer.accept(new TimedEvent(line.path("at").asLong(), event));
      }
    } catch (JsonProcessingException e) {
      // A kill in the middle of a line; the run that goes on cuts it off.
    }
  }

  private static RunEvent step(JsonNode line) {
    return new RunEvent.Step(
        new StepReport(
            line.path("step").asLong(),
            line.path("epoch").asLong(),
            number(line, "loss"),
            number(line, "nll"),
            number(line, "mean_p"),
            number(line, "entropy"),
            number(line, "mean_w"),
            number(line, "ess"),
            number(line, "share_w_below_half"),
            number(line, "grad_norm"),
            line.path("clipped").asBoolean(),
            number(line, "lr"),
            number(line, "mu"),
            number(line, "sigma"),
            line.path("tokens").asLong(),
            line.path("samples").asInt(),
            number(line, "seconds"),
            line.path("skipped").asBoolean() ? "skipped" : null));
  }

  private static double number(JsonNode line, String key) {
    return line.path(key).isNumber() ? line.path(key).asDouble() : Double.NaN;
  }

  private static RunEvent eval(JsonNode line) {
    EvalFinished.Builder eval =
        EvalFinished.newBuilder()
            .setCommittedSteps(line.path("committed_steps").asLong())
            .setBest(line.path("best").asBoolean())
            .addOrigins(score("", line));
    line.path("origins")
        .fields()
        .forEachRemaining(e -> eval.addOrigins(score(e.getKey(), e.getValue())));
    return new RunEvent.Eval(eval.build());
  }

  private static OriginScore score(String origin, JsonNode node) {
    return OriginScore.newBuilder()
        .setOrigin(origin)
        .setSamples(node.path("samples").asInt())
        .setNll(number(node, "eval_nll"))
        .setMeanP(number(node, "eval_mean_p"))
        .setTop1(number(node, "eval_top1"))
        .build();
  }

  private static CycleFinished cycle(JsonNode line) {
    CycleFinished.Builder cycle =
        CycleFinished.newBuilder()
            .setCycle(line.path("cycle").asInt())
            .setCommittedSteps(line.path("committed_steps").asLong())
            .setCandidates(line.path("candidates").asInt())
            .setAccepted(line.path("accepted").asInt())
            .setRejected(line.path("rejected").asInt())
            .setReason(line.path("reason").asText());
    if (line.path("distinct").isNumber()) {
      cycle.setDistinct(line.path("distinct").asDouble());
    }
    return cycle.build();
  }

  /** Null for a kind that a later version writes. */
  private static RunEvent event(JsonNode line) {
    return switch (line.path("kind").asText()) {
      case "opened" -> opened(line);
      case "worker" ->
          new RunEvent.Worker(
              line.path("worker").asText(),
              line.path("state").asText(),
              line.path("reason").asText());
      case "phases" -> {
        List<WorkerPhases> workers = new ArrayList<>();
        line.path("workers")
            .fields()
            .forEachRemaining(
                e -> {
                  List<Double> seconds = new ArrayList<>();
                  e.getValue().forEach(value -> seconds.add(value.asDouble()));
                  if (seconds.size() == WorkerPhases.NAMES.size()) {
                    workers.add(WorkerPhases.of(e.getKey(), seconds));
                  }
                });
        yield new RunEvent.Phases(line.path("step").asLong(), workers);
      }
      case "overdue" -> {
        List<String> late = new ArrayList<>();
        line.path("late").forEach(id -> late.add(id.asText()));
        yield new RunEvent.Overdue(line.path("step").asLong(), late, line.path("reason").asText());
      }
      case "cycle" -> new RunEvent.Cycle(cycle(line));
      case "checkpoint" ->
          new RunEvent.Checkpoint(
              CheckpointFinished.newBuilder()
                  .setCommittedSteps(line.path("committed_steps").asLong())
                  .setFolder(line.path("folder").asText())
                  .setSeconds(line.path("seconds").asDouble())
                  .setBlockedSeconds(line.path("checkpoint_blocked_seconds").asDouble())
                  .build());
      case "note" -> new RunEvent.Note(line.path("text").asText());
      case "ended" ->
          new RunEvent.Ended(
              line.path("committed_steps").asLong(),
              line.path("outcome").asText(),
              line.path("reason").asText(),
              line.path("checkpoint").isNull() ? null : line.path("checkpoint").asText());
      default -> null;
    };
  }

  private static RunEvent opened(JsonNode line) {
    List<Setting> settings = new ArrayList<>();
    line.path("settings")
        .forEach(
            s ->
                settings.add(
                    new Setting(
                        s.path("key").asText(),
                        s.path("value").asText(),
                        new Origin(s.path("origin").asText()))));
    return new RunEvent.Opened(
        line.path("run_id").asText(),
        line.path("attempt").asLong(),
        line.path("from_step").asLong(),
        line.path("total_steps").asLong(),
        line.path("samples").asInt(),
        line.path("workers").asInt(),
        line.path("first_cycle").asLong(),
        line.path("cycle_every").asLong(),
        line.path("cycles").asLong(),
        settings);
  }
}
