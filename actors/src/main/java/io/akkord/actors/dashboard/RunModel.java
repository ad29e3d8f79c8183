package io.akkord.actors.dashboard;

import io.akkord.actors.params.StepReport;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is known of one run. Applying an event changes it in place and depends on nothing but the
 * event; its size has a bound whatever the length of the run; one thread at a time. An event that
 * is in already changes nothing, so the record of a run and its live events may overlap.
 */
public final class RunModel {
  /** The latest steps, kept in full. */
  public static final int RECENT_STEPS = 512;

  /** Evaluations, cycles, checkpoints, workers: the newest so many. */
  public static final int ROWS = 1_000;

  private final Curves curves = new Curves();
  private final ArrayDeque<StepReport> recent = new ArrayDeque<>();
  private final TreeMap<Long, EvalFinished> evals = new TreeMap<>();
  private final TreeMap<Integer, CycleFinished> cycles = new TreeMap<>();
  private final CycleSums olderCycles = new CycleSums();
  private final TreeMap<Long, CheckpointFinished> checkpoints = new TreeMap<>();
  private final TreeMap<Long, Long> checkpointTimes = new TreeMap<>();
  private final Map<String, WorkerRow> workers = new LinkedHashMap<>();
  private final TreeMap<Long, RunEvent.Overdue> overdue = new TreeMap<>();
  private final TreeMap<Long, RunEvent.Phases> phases = new TreeMap<>();
  private final LogRing log;
  private RunEvent.Opened opened;
  private RunEvent.Ended ended;
  private long startedAt;
  private long endedAt;
  private long lastStep = -1;
  private final List<StepReport> first = new ArrayList<>();
  private Totals totals = Totals.NONE;
  private long version;

  /** Knows nothing yet. */
  public RunModel() {
    this(0, 1);
  }

  private RunModel(long version, long firstLine) {
    this.version = version;
    log = new LogRing(firstLine);
  }

  /** One that knows nothing, for readers of this one: version and lines are numbered on. */
  RunModel successor() {
    return new RunModel(version + 1, log.next());
  }

  /** Applies one event. */
  public void apply(TimedEvent timed) {
    RunEvent event = timed.event();
    long at = timed.at();
    version++;
    if (event instanceof RunEvent.Step step) {
      step(step.report());
    } else if (event instanceof RunEvent.Eval eval) {
      put(evals, eval.finished().getCommittedSteps(), eval.finished());
    } else if (event instanceof RunEvent.Cycle cycle) {
      cycle(cycle.finished());
      log.add(at, "info", LogLine.RUN, "rewriter", text(cycle.finished()));
    } else if (event instanceof RunEvent.Checkpoint checkpoint) {
      CheckpointFinished c = checkpoint.finished();
      put(checkpoints, c.getCommittedSteps(), c);
      put(checkpointTimes, c.getCommittedSteps(), at);
      String text = "checkpoint after step " + c.getCommittedSteps();
      log.add(at, "info", LogLine.RUN, "checkpointer", text);
    } else if (event instanceof RunEvent.Note note) {
      String level = warns(note.text()) ? "warn" : "info";
      log.add(at, level, LogLine.RUN, "supervisor", note.text());
    } else if (event instanceof RunEvent.Worker worker) {
      worker(at, worker);
    } else if (event instanceof RunEvent.Phases of) {
      phases.put(of.step(), of);
      if (phases.size() > RECENT_STEPS) {
        phases.pollFirstEntry();
      }
    } else if (event instanceof RunEvent.Overdue late) {
      put(overdue, late.step(), late);
    } else if (event instanceof RunEvent.Opened open) {
      opened(at, open);
    } else if (event instanceof RunEvent.Ended end) {
      ended = end;
      endedAt = at;
      workers.replaceAll(
          (id, w) ->
              w.state().equals("joined")
                  ? new WorkerRow(id, "left", "the run has " + past(end.outcome()), at, w.joins())
                  : w);
      String level = end.outcome().equals("failed") ? "error" : "info";
      log.add(at, level, LogLine.RUN, "supervisor", text(end));
    }
  }

  void log(long at, String level, String actor, String text) {
    version++;
    log.add(at, level, LogLine.RUN, actor, text);
  }

  private void step(StepReport report) {
    if (report.step() <= lastStep) {
      return;
    }
    lastStep = report.step();
    if (first.size() < Attention.BASELINE_STEPS && Double.isFinite(report.entropy())) {
      first.add(report);
    }
    if (recent.size() == RECENT_STEPS) {
      recent.removeFirst();
    }
    recent.addLast(report);
    count(report);
  }

  private void count(StepReport report) {
    totals = totals.plus(report);
    curves.add(report, totals);
  }

  private void opened(long at, RunEvent.Opened open) {
    if (opened != null && open.attempt() <= opened.attempt()) {
      return;
    }
    if (opened == null) {
      startedAt = at;
    }
    opened = open;
    ended = null;
    takeBack(open.fromStep());
    workers.clear();
    overdue.clear();
    log.add(
        at,
        "info",
        LogLine.RUN,
        "supervisor",
        "attempt %d begins after step %d with %d worker%s"
            .formatted(
                open.attempt(), open.fromStep(), open.workers(), open.workers() == 1 ? "" : "s"));
  }

  /**
   * What is computed again replaces what the attempt before had after this point. A chart's bucket
   * that holds steps of both sides is made again from the latest steps; further back than those
   * reach it keeps its mean, and the sums are right to within that bucket.
   */
  private void takeBack(long committed) {
    cycles.values().removeIf(cycle -> cycle.getCommittedSteps() > committed);
    olderCycles.takeBack(committed);
    checkpoints.tailMap(committed, false).clear();
    checkpointTimes.tailMap(committed, false).clear();
    evals.tailMap(committed, false).clear();
    phases.tailMap(committed, true).clear();
    if (lastStep < committed) {
      return;
    }
    long begin = curves.bucketOf(committed);
    boolean known = !recent.isEmpty() && recent.peekFirst().step() <= begin;
    if (begin == committed || known) {
      curves.cut(begin);
    } else {
      curves.shorten(committed);
    }
    totals = curves.totals();
    lastStep = committed - 1;
    first.removeIf(report -> report.step() >= committed);
    recent.removeIf(report -> report.step() >= committed);
    if (known) {
      recent.stream().filter(report -> report.step() >= begin).forEach(this::count);
    }
  }

  private void cycle(CycleFinished finished) {
    if (olderCycles.has(finished.getCycle())) {
      return;
    }
    cycles.put(finished.getCycle(), finished);
    if (cycles.size() > ROWS) {
      olderCycles.add(cycles.pollFirstEntry().getValue());
    }
  }

  private void worker(long at, RunEvent.Worker worker) {
    boolean joined = worker.state().equals("joined");
    WorkerRow before = workers.get(worker.id());
    int joins = (before == null ? 0 : before.joins()) + (joined ? 1 : 0);
    if (before == null && workers.size() == ROWS) {
      workers.remove(workers.keySet().iterator().next());
    }
    workers.put(
        worker.id(), new WorkerRow(worker.id(), worker.state(), worker.reason(), at, joins));
    String text = worker.state() + ": " + worker.reason();
    log.add(at, joined ? "info" : "warn", worker.id(), "supervisor", text);
  }

  private static <K, V> void put(TreeMap<K, V> rows, K key, V value) {
    rows.put(key, value);
    if (rows.size() > ROWS) {
      rows.pollFirstEntry();
    }
  }

  private static String past(String outcome) {
    return outcome.equals("stopped") ? "been stopped" : outcome;
  }

  private static boolean warns(String note) {
    return note.startsWith(AttentionWatch.PREFIX)
        || note.contains(" is lost ")
        || note.contains("was skipped")
        || note.contains("passed over");
  }

  private static String text(CycleFinished cycle) {
    return "cycle %d after step %d: %d candidates, %d taken, %d not (%s)"
        .formatted(
            cycle.getCycle(),
            cycle.getCommittedSteps(),
            cycle.getCandidates(),
            cycle.getAccepted(),
            cycle.getRejected(),
            cycle.getReason());
  }

  private static String text(RunEvent.Ended end) {
    return "%s after step %d: %s".formatted(end.outcome(), end.committedSteps(), end.reason());
  }

  /** Changes with every event. */
  public long version() {
    return version;
  }

  public Curves curves() {
    return curves;
  }

  public LogRing log() {
    return log;
  }

  /** The latest steps, oldest first. */
  public List<StepReport> recent() {
    return new ArrayList<>(recent);
  }

  public Optional<StepReport> last() {
    return Optional.ofNullable(recent.peekLast());
  }

  public Collection<EvalFinished> evals() {
    return evals.values();
  }

  public Collection<CycleFinished> cycles() {
    return cycles.values();
  }

  /** How many rewrite cycles there were, and what became of their candidates. */
  CycleSums.Sum cycleSums() {
    CycleSums.Sum sum = olderCycles.sum();
    for (CycleFinished cycle : cycles.values()) {
      sum = sum.plus(cycle);
    }
    return sum;
  }

  /** Rewrite cycles that the run has finished. */
  public long cycleCount() {
    return cycleSums().cycles();
  }

  /** Candidates of all its cycles. */
  public long candidates() {
    return cycleSums().candidates();
  }

  /** Rewrites that were taken. */
  public long accepted() {
    return cycleSums().accepted();
  }

  /** Rewrites that were not. */
  public long rejected() {
    return cycleSums().rejected();
  }

  public Collection<CheckpointFinished> checkpoints() {
    return checkpoints.values();
  }

  public Collection<WorkerRow> workers() {
    return workers.values();
  }

  /** Where each worker's time went in a step; empty where that was not recorded. */
  public List<WorkerPhases> phases(long step) {
    RunEvent.Phases of = phases.get(step);
    return of == null ? List.of() : of.workers();
  }

  /** What is known of where time went, oldest step first. */
  public Collection<RunEvent.Phases> recentPhases() {
    return phases.values();
  }

  /** Steps of this attempt that waited too long. */
  public Collection<RunEvent.Overdue> overdue() {
    return overdue.values();
  }

  /** The newest attempt; empty for a run recorded without one. */
  public Optional<RunEvent.Opened> opened() {
    return Optional.ofNullable(opened);
  }

  public Optional<RunEvent.Ended> ended() {
    return Optional.ofNullable(ended);
  }

  public long startedAt() {
    return startedAt;
  }

  public long endedAt() {
    return endedAt;
  }

  /** When the newest checkpoint was told of, milliseconds since 1970; 0: never, or not known. */
  public long checkpointAt() {
    return checkpointTimes.isEmpty() ? 0 : checkpointTimes.lastEntry().getValue();
  }

  public long committedSteps() {
    return lastStep + 1;
  }

  public double tokens() {
    return totals.tokens();
  }

  public double samples() {
    return totals.samples();
  }

  /** Time in steps. */
  public double seconds() {
    return totals.seconds();
  }

  public long skipped() {
    return totals.skipped();
  }

  public long clipped() {
    return totals.clipped();
  }

  /** Mean entropy of the first steps, nats; NaN before there are enough. */
  public double baselineEntropy() {
    return first.size() < Attention.BASELINE_STEPS
        ? Double.NaN
        : first.stream().mapToDouble(StepReport::entropy).average().orElse(Double.NaN);
  }

  /** Target tokens per second over the latest steps; NaN before there are any. */
  public double tokensPerSecond() {
    double count = 0;
    double time = 0;
    int left = 50;
    for (var newest = recent.descendingIterator(); newest.hasNext() && left-- > 0; ) {
      StepReport report = newest.next();
      if (Double.isFinite(report.seconds())) {
        count += report.tokens();
        time += report.seconds();
      }
    }
    return time > 0 ? count / time : Double.NaN;
  }

  /** Seconds to the end at the latest speed; NaN where that is not known. */
  public double secondsLeft() {
    if (opened == null || recent.isEmpty()) {
      return Double.NaN;
    }
    double each =
        recent.stream()
            .skip(Math.max(0, recent.size() - 50))
            .mapToDouble(StepReport::seconds)
            .filter(Double::isFinite)
            .average()
            .orElse(Double.NaN);
    return each * Math.max(0, opened.totalSteps() - committedSteps());
  }
}
