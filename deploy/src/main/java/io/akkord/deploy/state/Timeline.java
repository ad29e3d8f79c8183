package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunHistory;
import io.akkord.actors.run.TimedEvent;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A run as a trace: tracks for steps, rewrite cycles, checkpoints and events of the run, and one
 * for the phases of each worker, with stragglers marked. Steps and phases are known by their end
 * and length.
 */
public final class Timeline {
  /** A worker that computed longer than so many medians is a straggler, as on the page. */
  private static final double LATE = 1.5;

  private static final int RUN = 1;
  private static final int FIRST_WORKER = 10;

  private final Trace trace = new Trace();
  private final Trace.Track steps;
  private final Trace.Track cycles;
  private final Trace.Track checkpoints;
  private final Trace.Track events;
  private final Map<String, Trace.Track> workers = new LinkedHashMap<>();
  private final Map<Long, Long> stepEnds = new LinkedHashMap<>();

  private Timeline(String run) {
    trace.process(RUN, run);
    steps = trace.track(RUN, 1, "steps");
    cycles = trace.track(RUN, 2, "rewrite cycles");
    checkpoints = trace.track(RUN, 3, "checkpoints");
    events = trace.track(RUN, 4, "attempts, evaluations, notes");
  }

  /** The trace of the run in a folder. */
  public static ObjectNode of(Path outputDir) {
    List<TimedEvent> all = new ArrayList<>();
    new RunHistory(outputDir).next(all::add);
    return of("run " + outputDir.getFileName(), all);
  }

  /** The trace of what happened in a run. */
  static ObjectNode of(String run, List<TimedEvent> history) {
    Timeline timeline = new Timeline(run);
    List<TimedEvent> all = new ArrayList<>(history);
    all.removeIf(timed -> timed.at() <= 0);
    all.sort(Comparator.comparingLong(TimedEvent::at));
    all.forEach(timeline::step);
    all.forEach(timeline::other);
    return timeline.trace.json();
  }

  private static long micros(double seconds) {
    return Math.max(0, Math.round(seconds * 1e6));
  }

  /** A line of metrics is written when its step is committed. */
  private void step(TimedEvent timed) {
    if (timed.event() instanceof RunEvent.Step step) {
      StepReport report = step.report();
      long end = timed.at() * 1000;
      ObjectNode args =
          steps.span("step " + report.step(), end - micros(report.seconds()), end).args();
      args.put("epoch", report.epoch()).put("tokens", report.tokens());
      Trace.number(args, "loss", report.loss());
      Trace.number(args, "mean_p", report.meanP());
      stepEnds.put(report.step(), end);
      trace.counter(RUN, "loss", end, report.loss());
      trace.counter(RUN, "tokens per second", end, report.tokens() / report.seconds());
    }
  }

  private void other(TimedEvent timed) {
    long at = timed.at() * 1000;
    RunEvent event = timed.event();
    if (event instanceof RunEvent.Phases phases) {
      phases(phases);
    } else if (event instanceof RunEvent.Checkpoint checkpoint) {
      CheckpointFinished f = checkpoint.finished();
      String name = "checkpoint after step " + f.getCommittedSteps();
      ObjectNode args = checkpoints.span(name, at - micros(f.getSeconds()), at).args();
      args.put("blocked_seconds", f.getBlockedSeconds());
    } else if (event instanceof RunEvent.Cycle cycle) {
      cycle(cycle.finished(), at);
    } else if (event instanceof RunEvent.Eval eval) {
      events.instant("held out, after step " + eval.finished().getCommittedSteps(), at);
    } else if (event instanceof RunEvent.Overdue overdue) {
      steps.instant("step %d is overdue".formatted(overdue.step()), at);
      steps.args().put("reason", overdue.reason());
      overdue.late().forEach(late -> worker(late).instant("late: " + overdue.reason(), at));
    } else if (event instanceof RunEvent.Worker worker) {
      worker(worker.id()).instant(worker.state() + ": " + worker.reason(), at);
    } else if (event instanceof RunEvent.Note note) {
      events.instant(note.text(), at);
    } else if (event instanceof RunEvent.Opened opened) {
      events.instant("attempt " + opened.attempt(), at);
    } else if (event instanceof RunEvent.Ended ended) {
      events.instant(ended.outcome() + ": " + ended.reason(), at);
    }
  }

  /** Between two steps: it begins when the step before it is committed. */
  private void cycle(CycleFinished f, long at) {
    long begin = stepEnds.getOrDefault(f.getCommittedSteps() - 1, at);
    ObjectNode args = cycles.span("rewrite cycle " + f.getCycle(), begin, at).args();
    args.put("after_step", f.getCommittedSteps()).put("candidates", f.getCandidates());
    args.put("accepted", f.getAccepted()).put("rejected", f.getRejected());
    args.put("reason", f.getReason());
  }

  private Trace.Track worker(String id) {
    return workers.computeIfAbsent(
        id,
        worker -> {
          int process = FIRST_WORKER + workers.size();
          trace.process(process, worker);
          return trace.track(process, 1, "phases");
        });
  }

  private void phases(RunEvent.Phases phases) {
    Long end = stepEnds.get(phases.step());
    if (end == null || phases.workers().isEmpty()) {
      return;
    }
    double[] times = phases.workers().stream().mapToDouble(Timeline::computing).sorted().toArray();
    double median = times[(times.length - 1) / 2];
    for (WorkerPhases worker : phases.workers()) {
      boolean straggler = times.length > 1 && computing(worker) > LATE * median;
      bars(worker(worker.worker()), phases.step(), worker, end, straggler);
      if (straggler) {
        Trace.Track track = worker(worker.worker());
        track.instant("straggler in step " + phases.step(), end);
        track.args().put("times_the_median", computing(worker) / median);
      }
    }
  }

  private static double computing(WorkerPhases worker) {
    return worker.data() + worker.forward() + worker.backward();
  }

  /** They follow each other and end where their step does. */
  private static void bars(
      Trace.Track track, long step, WorkerPhases worker, long end, boolean straggler) {
    List<Double> seconds = worker.values();
    long at = end - micros(seconds.stream().mapToDouble(Double::doubleValue).sum());
    double passed = 0;
    long begin = at;
    for (int i = 0; i < seconds.size(); i++) {
      passed += Math.max(0, seconds.get(i));
      long until = at + micros(passed);
      track.span(WorkerPhases.NAMES.get(i), begin, until).args().put("step", step);
      if (straggler) {
        track.mark();
      }
      begin = until;
    }
  }
}
