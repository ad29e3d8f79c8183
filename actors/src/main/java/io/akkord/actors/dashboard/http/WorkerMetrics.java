package io.akkord.actors.dashboard.http;

import io.akkord.actors.dashboard.RunModel;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.dashboard.WorkerRow;
import io.akkord.actors.params.WorkerPhases;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** What {@code /metrics} tells of each worker; as many series as a run has workers. */
final class WorkerMetrics {
  private record Metric(String name, String help, Function<RunModel, Map<String, Double>> values) {}

  private static final List<Metric> METRICS =
      List.of(
          new Metric(
              "akkord_worker_joined_bool",
              "1 if the worker is in the run, 0 if it is lost or has left.",
              WorkerMetrics::joined),
          new Metric(
              "akkord_worker_busy_seconds",
              "Own work in the newest step it told of: data, forward and backward.",
              m -> phases(m, p -> p.data() + p.forward() + p.backward())),
          new Metric(
              "akkord_worker_barrier_seconds",
              "Time it waited for the scores of all others in that step.",
              m -> phases(m, WorkerPhases::barrier)));

  private WorkerMetrics() {}

  static List<String> names() {
    return METRICS.stream().map(Metric::name).toList();
  }

  static void write(Exposition text, List<RunView> runs) {
    for (Metric metric : METRICS) {
      text.head(metric.name(), "gauge", metric.help());
      for (RunView run : runs) {
        run.read(metric.values())
            .forEach((worker, value) -> text.sample(metric.name(), labels(run, worker), value));
      }
    }
  }

  private static Map<String, String> labels(RunView run, String worker) {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put("run", run.id());
    labels.put("worker", worker);
    return labels;
  }

  private static Map<String, Double> joined(RunModel m) {
    Map<String, Double> values = new LinkedHashMap<>();
    for (WorkerRow worker : m.workers()) {
      values.put(worker.id(), worker.state().equals("joined") ? 1.0 : 0.0);
    }
    return values;
  }

  private static Map<String, Double> phases(RunModel m, Function<WorkerPhases, Double> value) {
    Map<String, Double> values = new LinkedHashMap<>();
    m.recentPhases().stream()
        .reduce((older, newer) -> newer)
        .ifPresent(of -> of.workers().forEach(p -> values.put(p.worker(), value.apply(p))));
    return values;
  }
}
