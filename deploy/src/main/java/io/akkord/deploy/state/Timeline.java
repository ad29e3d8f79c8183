package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunHistory;
import io.akkord.actors.run.TimedEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A run as a trace in Chrome's trace event format, which Perfetto opens: a track for steps, one for
 * what happens between them, one for each worker. Times are microseconds.
 */
public final class Timeline {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int RUN = 1;
  private static final int STEPS = 1;
  private static final int BETWEEN = 2;
  private static final int FIRST_WORKER = 10;

  private final List<ObjectNode> events = new ArrayList<>();
  private final Map<String, Integer> workers = new LinkedHashMap<>();
  private final TreeMap<Long, double[]> steps = new TreeMap<>();

  private Timeline() {}

  /** The trace of the run in a folder. */
  public static ObjectNode of(Path outputDir) {
    Timeline timeline = new Timeline();
    List<TimedEvent> all = new ArrayList<>();
    new RunHistory(outputDir).next(all::add);
    all.sort(Comparator.comparingLong(TimedEvent::at));
    timeline.name(STEPS, "steps");
    timeline.name(BETWEEN, "cycles, checkpoints, evaluations");
    all.forEach(timeline::step);
    all.forEach(timeline::other);
    timeline.events.sort(Comparator.comparingDouble(e -> e.path("ts").asDouble()));
    ObjectNode trace = JSON.createObjectNode();
    trace.put("displayTimeUnit", "ms");
    ArrayNode list = trace.putArray("traceEvents");
    timeline.events.forEach(list::add);
    return trace;
  }

  private ObjectNode event(String name, String phase, int track, double micros) {
    ObjectNode event = JSON.createObjectNode();
    event.put("name", name).put("ph", phase).put("pid", RUN).put("tid", track);
    event.put("ts", micros);
    events.add(event);
    return event;
  }

  private void name(int track, String name) {
    event("thread_name", "M", track, 0).putObject("args").put("name", name);
  }

  private int worker(String id) {
    return workers.computeIfAbsent(
        id,
        worker -> {
          int track = FIRST_WORKER + workers.size();
          name(track, worker);
          return track;
        });
  }

  /** A line of metrics is written when its step is committed. */
  private void step(TimedEvent timed) {
    if (timed.event() instanceof RunEvent.Step step && timed.at() > 0) {
      double seconds = Math.max(0, step.report().seconds());
      double end = timed.at() * 1e3;
      ObjectNode span = event("step " + step.report().step(), "X", STEPS, end - seconds * 1e6);
      span.put("dur", seconds * 1e6);
      ObjectNode args = span.putObject("args");
      args.put("loss", step.report().loss()).put("tokens", step.report().tokens());
      steps.put(step.report().step(), new double[] {end - seconds * 1e6, end});
    }
  }

  private void other(TimedEvent timed) {
    double at = timed.at() * 1e3;
    RunEvent event = timed.event();
    if (event instanceof RunEvent.Phases phases) {
      phases.workers().forEach(worker -> phases(phases.step(), worker));
    } else if (event instanceof RunEvent.Checkpoint checkpoint) {
      double seconds = checkpoint.finished().getSeconds();
      event(
              "checkpoint after step " + checkpoint.finished().getCommittedSteps(),
              "X",
              BETWEEN,
              at - seconds * 1e6)
          .put("dur", seconds * 1e6);
    } else if (event instanceof RunEvent.Cycle cycle) {
      instant("rewrite cycle " + cycle.finished().getCycle() + " over", BETWEEN, at);
    } else if (event instanceof RunEvent.Eval eval) {
      instant("held out, after step " + eval.finished().getCommittedSteps(), BETWEEN, at);
    } else if (event instanceof RunEvent.Worker worker) {
      instant(worker.state() + ": " + worker.reason(), worker(worker.id()), at);
    } else if (event instanceof RunEvent.Opened opened) {
      instant("attempt " + opened.attempt(), BETWEEN, at);
    } else if (event instanceof RunEvent.Ended ended) {
      instant(ended.outcome() + ": " + ended.reason(), BETWEEN, at);
    }
  }

  /** Phases are known as lengths: they end where their step does. */
  private void phases(long step, WorkerPhases worker) {
    double[] span = steps.get(step);
    if (span == null) {
      return;
    }
    List<Double> seconds = worker.values();
    double at = span[1] - 1e6 * seconds.stream().mapToDouble(Double::doubleValue).sum();
    for (int i = 0; i < seconds.size(); i++) {
      event(WorkerPhases.NAMES.get(i), "X", worker(worker.worker()), at)
          .put("dur", seconds.get(i) * 1e6);
      at += seconds.get(i) * 1e6;
    }
  }

  private void instant(String name, int track, double at) {
    event(name, "i", track, at).put("s", "t");
  }
}
