package io.akkord.actors.dashboard;

import io.akkord.actors.params.StepReport;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.actors.run.RunEvent;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import io.akkord.proto.SupervisorEvent.OriginScore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A run's model as the maps and lists that pages and commands show. */
public final class Views {
  private static final int SPARK = 60;

  private Views() {}

  /** What a list of runs shows of one. */
  public static Map<String, Object> summary(RunView run, long now) {
    String state = run.state(now);
    return run.read(
        m -> {
          Map<String, Object> view = map();
          view.put("id", run.id());
          view.put("folder", String.valueOf(run.folder().getFileName()));
          view.put("loaded", run.loaded());
          view.put("state", state);
          view.put("live", run.live().isPresent());
          view.put("version", m.version());
          view.put("created_at", run.createdAt());
          view.put("ended_at", m.ended().isPresent() ? m.endedAt() : null);
          view.put("reason", m.ended().map(RunEvent.Ended::reason).orElse(""));
          view.put("committed_steps", m.committedSteps());
          view.put("total_steps", m.opened().map(RunEvent.Opened::totalSteps).orElse(null));
          view.put("attempt", m.opened().map(RunEvent.Opened::attempt).orElse(null));
          view.put("data_samples", m.opened().map(RunEvent.Opened::samples).orElse(null));
          view.put("tokens", m.tokens());
          view.put("samples", m.samples());
          view.put("seconds", m.seconds());
          view.put("tokens_per_second", m.tokensPerSecond());
          view.put("seconds_left", m.ended().isPresent() ? null : m.secondsLeft());
          view.put("skipped", m.skipped());
          view.put("last", m.last().map(Views::step).orElse(null));
          view.put("cycles", m.cycleCount());
          view.put("next_cycle", nextCycle(m));
          EvalFinished eval = null;
          for (EvalFinished e : m.evals()) {
            eval = e;
          }
          view.put("eval", eval == null ? null : eval(eval));
          return view;
        });
  }

  /** Committed steps before the next rewrite cycle; null when none comes. */
  static Long nextCycle(RunModel m) {
    if (m.opened().isEmpty() || m.ended().isPresent()) {
      return null;
    }
    RunEvent.Opened opened = m.opened().get();
    long next = upcoming(opened, m.committedSteps());
    return next < opened.cycles() ? opened.firstCycle() + next * opened.cycleEvery() : null;
  }

  /** How many cycles come before the first one that is not due before so many steps. */
  private static long upcoming(RunEvent.Opened opened, long committed) {
    long past = committed - opened.firstCycle();
    if (past <= 0) {
      return 0;
    }
    return opened.cycleEvery() <= 0
        ? opened.cycles()
        : Math.min(opened.cycles(), (past + opened.cycleEvery() - 1) / opened.cycleEvery());
  }

  /**
   * Cycles of a run, those around the present one.
   *
   * @param first number of the first one, from 1 on
   * @param steps committed steps before each
   */
  public record Calendar(long first, List<Long> steps) {
    /** Of a run without cycles. */
    public static final Calendar NONE = new Calendar(1, List.of());
  }

  /** When cycles fire: at most so many, half of them to come where there are more. */
  public static Calendar calendar(RunModel m, int limit) {
    if (m.opened().isEmpty()) {
      return Calendar.NONE;
    }
    RunEvent.Opened opened = m.opened().get();
    long next = upcoming(opened, m.committedSteps());
    long first = Math.max(0, Math.min(next - limit / 2, opened.cycles() - limit));
    List<Long> steps = new ArrayList<>();
    for (long i = first; i < Math.min(first + limit, opened.cycles()); i++) {
      steps.add(opened.firstCycle() + i * opened.cycleEvery());
    }
    return new Calendar(first + 1, steps);
  }

  /** One step; the keys of {@code metrics.jsonl}. */
  public static Map<String, Object> step(StepReport r) {
    Map<String, Object> view = map();
    view.put("step", r.step());
    view.put("epoch", r.epoch());
    view.put("loss", r.loss());
    view.put("nll", r.nll());
    view.put("mean_p", r.meanP());
    view.put("entropy", r.entropy());
    view.put("mean_w", r.meanW());
    view.put("ess", r.ess());
    view.put("share_w_below_half", r.shareBelowHalf());
    view.put("grad_norm", r.gradNorm());
    view.put("clipped", r.clipped());
    view.put("lr", r.lr());
    view.put("mu", r.mu());
    view.put("sigma", r.sigma());
    view.put("tokens", r.tokens());
    view.put("samples", r.samples());
    view.put("seconds", r.seconds());
    view.put("skipped", r.skipped());
    return view;
  }

  /** One step with its workers' times, seconds by phase. */
  public static Map<String, Object> step(StepReport r, List<WorkerPhases> workers) {
    Map<String, Object> view = step(r);
    view.put(
        "workers",
        workers.stream()
            .map(
                w -> {
                  Map<String, Object> row = map();
                  row.put("worker", w.worker());
                  List<Double> values = w.values();
                  for (int i = 0; i < values.size(); i++) {
                    row.put(WorkerPhases.NAMES.get(i), values.get(i));
                  }
                  return row;
                })
            .toList());
    return view;
  }

  /** One evaluation. */
  public static Map<String, Object> eval(EvalFinished eval) {
    Map<String, Object> view = map();
    view.put("committed_steps", eval.getCommittedSteps());
    view.put("best", eval.getBest());
    List<Object> origins = new ArrayList<>();
    for (OriginScore score : eval.getOriginsList()) {
      Map<String, Object> row = map();
      row.put("origin", score.getOrigin());
      row.put("samples", score.getSamples());
      row.put("nll", score.getNll());
      row.put("mean_p", score.getMeanP());
      row.put("top1", score.getTop1());
      origins.add(row);
    }
    view.put("origins", origins);
    return view;
  }

  /** One rewrite cycle. */
  public static Map<String, Object> cycle(CycleFinished cycle) {
    Map<String, Object> view = map();
    view.put("cycle", cycle.getCycle());
    view.put("committed_steps", cycle.getCommittedSteps());
    view.put("candidates", cycle.getCandidates());
    view.put("accepted", cycle.getAccepted());
    view.put("rejected", cycle.getRejected());
    view.put("reason", cycle.getReason());
    view.put("distinct", cycle.hasDistinct() ? cycle.getDistinct() : null);
    return view;
  }

  /** Small curves for cards: the mean of each bucket, at most 60 of them. */
  public static Map<String, Object> sparks(RunModel m, List<String> names) {
    Curves.Slice slice = m.curves().slice(names, 0);
    Map<String, Object> view = map();
    slice.values().forEach((name, values) -> view.put(name, shorten(values.mean())));
    return view;
  }

  private static double[] shorten(double[] values) {
    if (values.length <= SPARK) {
      return values;
    }
    double[] few = new double[SPARK];
    for (int i = 0; i < SPARK; i++) {
      int from = (int) ((long) i * values.length / SPARK);
      int to = (int) ((long) (i + 1) * values.length / SPARK);
      few[i] =
          java.util.Arrays.stream(values, from, to)
              .filter(Double::isFinite)
              .average()
              .orElse(Double.NaN);
    }
    return few;
  }

  /** Some curves of a run against step, tokens or time. */
  public static Map<String, Object> curves(RunModel m, String x, List<String> names, long since) {
    Curves.Slice slice = m.curves().slice(names, since);
    Map<String, Object> view = map();
    view.put("x", x);
    // Another attempt may have taken back what a page has already.
    view.put("attempt", m.opened().map(RunEvent.Opened::attempt).orElse(null));
    view.put("width", slice.width());
    view.put("steps", slice.steps());
    view.put(
        "xs",
        switch (x) {
          case "tokens" -> slice.tokens();
          case "time" -> slice.seconds();
          default -> slice.steps();
        });
    Map<String, Object> series = map();
    slice
        .values()
        .forEach(
            (name, values) -> {
              Map<String, Object> one = map();
              one.put("mean", values.mean());
              if (slice.width() > 1) {
                one.put("min", values.min());
                one.put("max", values.max());
              }
              series.put(name, one);
            });
    view.put("series", series);
    return view;
  }

  static Map<String, Object> map() {
    return new LinkedHashMap<>();
  }
}
