package io.akkord.actors.dashboard;

import io.akkord.actors.params.StepReport;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.actors.run.RunEvent;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What of a run needs a person, with the reason and what to do; a pure function. */
public final class Attention {
  /** Entropy is judged against the mean of so many first steps, by the mean of so many last. */
  static final int BASELINE_STEPS = 32;

  /** Below this share of the first steps' entropy the policy has collapsed. */
  private static final double ENTROPY_LOW = 0.25;

  /** Above this multiple it has come apart. */
  private static final double ENTROPY_HIGH = 2.5;

  /**
   * Below this share of different runs of four tokens texts are loops; stories and answers have 0.8
   * to 1. There is no upper end: a text in which nothing comes twice is a good one.
   */
  private static final double DISTINCT_LOW = 0.5;

  /** Steps that are looked at for skips and clipping. */
  private static final int WINDOW = 100;

  /** Clipping in nearly every step means another learning rate, not safety. */
  private static final double CLIP_RATE_HIGH = 0.95;

  /** A worker this much slower than the median is late. */
  private static final double STRAGGLER = 1.5;

  private static final int STRAGGLER_WINDOW = 50;
  private static final int STRAGGLER_LEAST = 10;

  private Attention() {}

  /**
   * One entry.
   *
   * @param severity info, warn or error
   * @param about which rule
   */
  public record Entry(String severity, String about, String reason, String advice) {}

  /**
   * The disk that the run writes to.
   *
   * @param checkpointBytes of the newest checkpoint; 0: none yet
   */
  public record Disk(long freeBytes, long totalBytes, long checkpointBytes) {
    /** Not known. */
    public static final Disk UNKNOWN = new Disk(Long.MAX_VALUE, Long.MAX_VALUE, 0);
  }

  /** The entries of a run, worst first. */
  public static List<Entry> of(RunModel run, Disk disk) {
    List<Entry> entries = new ArrayList<>();
    failed(run, entries);
    if (run.ended().filter(ended -> ended.outcome().equals("finished")).isEmpty()) {
      disk(disk, entries);
    }
    skips(run, entries);
    entropy(run, entries);
    workers(run, entries);
    stragglers(run, entries);
    cycles(run, entries);
    repetition(run, entries);
    clipping(run, entries);
    entries.sort(
        java.util.Comparator.comparingInt(
            e -> List.of("error", "warn", "info").indexOf(e.severity())));
    return entries;
  }

  private static void failed(RunModel run, List<Entry> entries) {
    run.ended()
        .filter(ended -> ended.outcome().equals("failed"))
        .ifPresent(
            ended ->
                entries.add(
                    new Entry(
                        "error",
                        "run failed",
                        ended.reason(),
                        "Mend the cause and go on with the same command and --resume; nothing that was committed is lost.")));
  }

  private static void disk(Disk disk, List<Entry> entries) {
    long needed = Math.max(2 * disk.checkpointBytes(), disk.totalBytes() / 50);
    if (disk.freeBytes() < needed) {
      entries.add(
          new Entry(
              disk.freeBytes() < disk.checkpointBytes() ? "error" : "warn",
              "disk nearly full",
              "%s free, a checkpoint takes %s"
                  .formatted(size(disk.freeBytes()), size(disk.checkpointBytes())),
              "Free space on the disk of output_dir, or lower save_total_limit; a checkpoint that cannot be written ends the run."));
    }
  }

  private static void skips(RunModel run, List<Entry> entries) {
    List<StepReport> window = window(run);
    List<StepReport> skipped = window.stream().filter(r -> r.skipped() != null).toList();
    if (!skipped.isEmpty()) {
      StepReport last = skipped.get(skipped.size() - 1);
      entries.add(
          new Entry(
              2 * skipped.size() >= window.size() ? "error" : "warn",
              "steps skipped",
              "%d of the last %d steps moved no weight as something was not finite; the last was step %d"
                  .formatted(skipped.size(), window.size(), last.step()),
              "Lower learning_rate or raise warmup_steps; with bfloat16 try float32. One skip in thousands is harmless."));
    }
  }

  private static void entropy(RunModel run, List<Entry> entries) {
    double first = run.baselineEntropy();
    double now =
        run.recent().stream()
            .skip(Math.max(0, run.recent().size() - BASELINE_STEPS))
            .mapToDouble(StepReport::entropy)
            .filter(Double::isFinite)
            .average()
            .orElse(Double.NaN);
    if (run.committedSteps() < 2 * BASELINE_STEPS || !(first > 0) || Double.isNaN(now)) {
      return;
    }
    String figures =
        String.format(
            Locale.ROOT,
            "%.3f nats over the last %d steps, %.3f over the first",
            now,
            BASELINE_STEPS,
            first);
    if (now < ENTROPY_LOW * first) {
      entries.add(
          new Entry(
              "warn",
              "entropy is low",
              figures,
              "The policy may be collapsing: look at new rewrites for repetition, lower learning_rate, or raise rewrite.temperature."));
    } else if (now > ENTROPY_HIGH * first) {
      entries.add(
          new Entry(
              "warn",
              "entropy is high",
              figures,
              "The policy may be coming apart: lower learning_rate and look at held-out NLL."));
    }
  }

  private static void workers(RunModel run, List<Entry> entries) {
    if (run.overdue().size() > 1) {
      RunEvent.Overdue last = null;
      for (RunEvent.Overdue overdue : run.overdue()) {
        last = overdue;
      }
      entries.add(
          new Entry(
              "warn",
              "step deadlines missed",
              "%d steps waited too long; the last: %s"
                  .formatted(run.overdue().size(), last.reason()),
              "See on Steps who is late; a machine that swaps or shares its cores is the usual cause. akkord.deadlines.step is the setting."));
    }
    List<WorkerRow> lost =
        run.workers().stream().filter(worker -> worker.state().equals("lost")).toList();
    if (!lost.isEmpty() && run.ended().isEmpty()) {
      WorkerRow last = lost.get(lost.size() - 1);
      entries.add(
          new Entry(
              "warn",
              "workers lost",
              "%d lost; %s: %s".formatted(lost.size(), last.id(), last.reason()),
              "The others have taken its work and the result stays the same bits; the run is slower until it is back."));
    }
  }

  /** Everybody waits for the slowest, in every step. */
  private static void stragglers(RunModel run, List<Entry> entries) {
    Map<String, Integer> late = new TreeMap<>();
    List<RunEvent.Phases> known = List.copyOf(run.recentPhases());
    List<RunEvent.Phases> window =
        known.subList(Math.max(0, known.size() - STRAGGLER_WINDOW), known.size());
    for (RunEvent.Phases step : window) {
      double[] work = step.workers().stream().mapToDouble(Attention::own).sorted().toArray();
      double median = work.length == 0 ? 0 : work[(work.length - 1) / 2];
      step.workers().stream()
          .filter(worker -> own(worker) > STRAGGLER * median)
          .forEach(worker -> late.merge(worker.worker(), 1, Integer::sum));
    }
    late.values().removeIf(count -> window.size() < STRAGGLER_LEAST || 2 * count <= window.size());
    if (!late.isEmpty() && run.ended().isEmpty()) {
      entries.add(
          new Entry(
              "warn",
              "stragglers",
              "%s took more than %.1f times the median of the workers in most of the last %d steps"
                  .formatted(String.join(", ", late.keySet()), STRAGGLER, window.size()),
              "Every step waits for the slowest: see on Steps which phase it is; shared cores, a slower device or a machine that swaps are the usual causes."));
    }
  }

  private static double own(WorkerPhases worker) {
    return worker.data() + worker.forward() + worker.backward();
  }

  private static void cycles(RunModel run, List<Entry> entries) {
    CycleFinished last = null;
    for (CycleFinished cycle : run.cycles()) {
      last = cycle;
    }
    if (last != null && last.getCandidates() > 0 && last.getAccepted() == 0) {
      entries.add(
          new Entry(
              "warn",
              "no rewrite taken",
              "cycle %d after step %d: %d candidates, none taken (%s)"
                  .formatted(
                      last.getCycle(),
                      last.getCommittedSteps(),
                      last.getCandidates(),
                      last.getReason()),
              "See the reasons on Rewrites; most often max_new_tokens is too small for the answers, or the coin (rewrite.probability) fell so."));
    }
  }

  /** What the policy writes when nobody holds its hand: collapse shows there first. */
  private static void repetition(RunModel run, List<Entry> entries) {
    CycleFinished last = null;
    for (CycleFinished cycle : run.cycles()) {
      last = cycle.hasDistinct() ? cycle : last;
    }
    if (last != null && last.getDistinct() < DISTINCT_LOW) {
      entries.add(
          new Entry(
              "warn",
              "rewrites repeat themselves",
              String.format(
                  Locale.ROOT,
                  "cycle %d after step %d: of the runs of four tokens in a text only %.0f %% are different; healthy text has more than %.0f %%",
                  last.getCycle(),
                  last.getCommittedSteps(),
                  100 * last.getDistinct(),
                  100 * DISTINCT_LOW),
              "The policy may be collapsing: read them on Rewrites, lower learning_rate, raise rewrite.temperature, or go back to an earlier checkpoint."));
    }
  }

  private static void clipping(RunModel run, List<Entry> entries) {
    List<StepReport> window = window(run);
    double rate = window.stream().mapToInt(r -> r.clipped() ? 1 : 0).average().orElse(0);
    if (window.size() == WINDOW && rate > CLIP_RATE_HIGH) {
      entries.add(
          new Entry(
              "info",
              "gradients are always clipped",
              String.format(Locale.ROOT, "%.0f %% of the last %d steps", 100 * rate, WINDOW),
              "The step length is then set by max_grad_norm; raise it, or lower learning_rate."));
    }
  }

  private static List<StepReport> window(RunModel run) {
    List<StepReport> recent = run.recent();
    return recent.subList(Math.max(0, recent.size() - WINDOW), recent.size());
  }

  private static String size(long bytes) {
    return bytes >= 1L << 30
        ? String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30))
        : String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1L << 20));
  }
}
