package io.akkord.actors.dashboard.http;

import io.akkord.actors.dashboard.Attention;
import io.akkord.actors.dashboard.RunDisk;
import io.akkord.actors.dashboard.RunModel;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.params.StepReport;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * {@code /metrics}: Prometheus text. The labels are the run and, where it is about one, the worker;
 * a sample is never one. {@code deploy/prometheus} holds a page and alerts made of these names.
 */
public final class Metrics {
  private record Metric(String name, String type, String help, ToDoubleFunction<RunView> value) {}

  private static final List<Metric> METRICS = metrics();

  private Metrics() {}

  private static List<Metric> metrics() {
    List<Metric> all = new ArrayList<>();
    all.add(
        counter("akkord_run_steps_total", "Committed optimiser steps.", RunModel::committedSteps));
    all.add(
        gauge(
            "akkord_run_planned_steps",
            "Steps of the whole run.",
            m -> m.opened().map(o -> (double) o.totalSteps()).orElse(Double.NaN)));
    all.add(counter("akkord_run_tokens_total", "Target tokens trained on.", RunModel::tokens));
    all.add(counter("akkord_run_samples_total", "Sample visits.", RunModel::samples));
    all.add(counter("akkord_run_step_seconds_total", "Time in steps.", RunModel::seconds));
    all.add(
        gauge(
            "akkord_run_tokens_per_second",
            "Target tokens per second over the last 50 steps.",
            RunModel::tokensPerSecond));
    all.add(
        gauge(
            "akkord_run_left_seconds",
            "Time to the end at the present speed.",
            RunModel::secondsLeft));
    all.add(
        gauge(
            "akkord_run_attempt_number",
            "Attempt, from 1 on.",
            m -> m.opened().map(o -> (double) o.attempt()).orElse(Double.NaN)));
    all.add(
        gauge(
            "akkord_run_failed_bool",
            "1 if the run has failed.",
            m -> m.ended().filter(e -> e.outcome().equals("failed")).isPresent() ? 1 : 0));
    all.add(
        gauge(
            "akkord_run_ended_bool", "1 if the run is over.", m -> m.ended().isPresent() ? 1 : 0));
    all.add(
        new Metric(
            "akkord_run_running_bool",
            "gauge",
            "1 if the run goes on: in this process, or its folder was written to just now.",
            run -> run.state(System.currentTimeMillis()).equals("running") ? 1 : 0));
    all.add(last("akkord_step_last_seconds", "Time the last step took.", StepReport::seconds));
    all.add(counter("akkord_step_skipped_total", "Steps that moved no weight.", RunModel::skipped));
    all.add(
        counter(
            "akkord_step_clipped_total", "Steps whose gradient was clipped.", RunModel::clipped));
    all.add(
        gauge(
            "akkord_step_overdue_count",
            "Steps of this attempt that waited too long.",
            m -> m.overdue().size()));
    all.add(
        last("akkord_objective_loss_nats", "Weighted loss of the last step.", StepReport::loss));
    all.add(
        last(
            "akkord_objective_nll_nats",
            "Plain negative log-likelihood of the last step.",
            StepReport::nll));
    all.add(
        last(
            "akkord_objective_token_probability_ratio",
            "Mean token probability of the last step.",
            StepReport::meanP));
    all.add(
        last(
            "akkord_objective_entropy_nats",
            "Entropy of the predictions in the last step.",
            StepReport::entropy));
    all.add(
        gauge(
            "akkord_objective_baseline_entropy_nats",
            "Entropy over the first 32 steps.",
            RunModel::baselineEntropy));
    all.add(last("akkord_weight_mean_ratio", "Mean weight of the last step.", StepReport::meanW));
    all.add(
        last(
            "akkord_weight_effective_share_ratio",
            "Effective share of the last step.",
            StepReport::ess));
    all.add(
        last(
            "akkord_weight_below_half_ratio",
            "Share of samples with a weight below 0.5.",
            StepReport::shareBelowHalf));
    all.add(last("akkord_score_mean_nats", "Mean score of the last step.", StepReport::mu));
    all.add(
        last(
            "akkord_score_deviation_nats", "Standard deviation of its scores.", StepReport::sigma));
    all.add(
        last("akkord_gradient_norm_ratio", "Gradient norm before clipping.", StepReport::gradNorm));
    all.add(
        last(
            "akkord_optimiser_learning_rate_ratio",
            "Learning rate of the last step.",
            StepReport::lr));
    all.add(counter("akkord_rewrite_cycles_total", "Rewrite cycles.", RunModel::cycleCount));
    all.add(
        counter(
            "akkord_rewrite_candidates_total", "Candidates of all cycles.", RunModel::candidates));
    all.add(counter("akkord_rewrite_accepted_total", "Rewrites taken.", RunModel::accepted));
    all.add(counter("akkord_rewrite_rejected_total", "Rewrites not taken.", RunModel::rejected));
    all.add(
        gauge(
            "akkord_rewrite_last_accepted_count",
            "Rewrites the last cycle took.",
            m -> lastCycle(m, CycleFinished::getAccepted)));
    all.add(
        gauge(
            "akkord_rewrite_last_candidates_count",
            "Candidates the last cycle tried.",
            m -> lastCycle(m, CycleFinished::getCandidates)));
    all.add(
        gauge(
            "akkord_rewrite_last_distinct_ratio",
            "Share of different runs of four tokens in the texts of the last cycle.",
            m -> lastCycle(m, c -> c.hasDistinct() ? c.getDistinct() : Double.NaN)));
    all.add(
        gauge(
            "akkord_checkpoint_last_steps",
            "Committed steps of the newest checkpoint.",
            m -> newest(m, CheckpointFinished::getCommittedSteps)));
    all.add(
        gauge(
            "akkord_checkpoint_last_seconds",
            "Time the newest checkpoint took.",
            m -> newest(m, CheckpointFinished::getSeconds)));
    all.add(
        gauge(
            "akkord_checkpoint_blocked_seconds",
            "How long the next step waited for the newest checkpoint.",
            m -> newest(m, CheckpointFinished::getBlockedSeconds)));
    all.add(
        gauge(
            "akkord_checkpoint_last_timestamp_seconds",
            "When the newest checkpoint was written, since 1970.",
            m -> m.checkpointAt() > 0 ? m.checkpointAt() / 1000.0 : Double.NaN));
    all.add(
        new Metric(
            "akkord_checkpoint_last_bytes",
            "gauge",
            "Size of the newest checkpoint on disk.",
            run ->
                RunDisk.checkpointBytes(run.folder()).stream()
                    .asDoubleStream()
                    .findFirst()
                    .orElse(Double.NaN)));
    all.add(gauge("akkord_worker_joined_count", "Workers in the run.", m -> workers(m, "joined")));
    all.add(
        gauge(
            "akkord_worker_lost_count", "Workers lost in this attempt.", m -> workers(m, "lost")));
    return all;
  }

  private static Metric counter(String name, String help, ToDoubleFunction<RunModel> value) {
    return new Metric(name, "counter", help, of(value));
  }

  private static Metric gauge(String name, String help, ToDoubleFunction<RunModel> value) {
    return new Metric(name, "gauge", help, of(value));
  }

  private static ToDoubleFunction<RunView> of(ToDoubleFunction<RunModel> value) {
    return run -> run.read(value::applyAsDouble);
  }

  private static Metric last(String name, String help, ToDoubleFunction<StepReport> value) {
    return gauge(name, help, m -> m.last().map(value::applyAsDouble).orElse(Double.NaN));
  }

  private static double lastCycle(RunModel m, ToDoubleFunction<CycleFinished> value) {
    return m.cycles().stream().reduce((a, b) -> b).map(value::applyAsDouble).orElse(Double.NaN);
  }

  private static double newest(RunModel m, ToDoubleFunction<CheckpointFinished> value) {
    return m.checkpoints().stream()
        .reduce((a, b) -> b)
        .map(value::applyAsDouble)
        .orElse(Double.NaN);
  }

  private static double workers(RunModel m, String state) {
    return m.workers().stream().filter(w -> w.state().equals(state)).count();
  }

  /** Every name that {@link #text} may write. */
  public static List<String> names() {
    List<String> names = new ArrayList<>(METRICS.stream().map(Metric::name).toList());
    names.addAll(WorkerMetrics.names());
    names.add("akkord_process_resident_bytes");
    names.add("akkord_process_heap_bytes");
    names.add("akkord_process_uptime_seconds");
    names.add("akkord_disk_free_bytes");
    names.add("akkord_disk_total_bytes");
    return names;
  }

  static String text(List<RunView> runs) {
    Exposition text = new Exposition();
    for (Metric metric : METRICS) {
      text.head(metric.name(), metric.type(), metric.help());
      for (RunView run : runs) {
        text.sample(metric.name(), Map.of("run", run.id()), metric.value().applyAsDouble(run));
      }
    }
    WorkerMetrics.write(text, runs);
    process(text, "akkord_process_resident_bytes", "Resident memory.", Machine.residentBytes());
    Runtime java = Runtime.getRuntime();
    process(
        text,
        "akkord_process_heap_bytes",
        "Java heap in use.",
        java.totalMemory() - java.freeMemory());
    process(
        text,
        "akkord_process_uptime_seconds",
        "Age of the process.",
        ManagementFactory.getRuntimeMXBean().getUptime() / 1000.0);
    if (!runs.isEmpty()) {
      Attention.Disk disk = RunDisk.of(runs.get(0).folder());
      process(
          text,
          "akkord_disk_free_bytes",
          "Free space where the newest run writes.",
          disk.freeBytes());
      process(text, "akkord_disk_total_bytes", "Size of that disk.", disk.totalBytes());
    }
    return text.toString();
  }

  private static void process(Exposition text, String name, String help, double value) {
    text.head(name, "gauge", help);
    text.sample(name, Map.of(), value);
  }
}
