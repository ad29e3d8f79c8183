package io.akkord.actors.dashboard;

import io.akkord.actors.run.ActorTree;
import io.akkord.actors.run.RunEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The actors of a run with what is known of each: state, why, how often it was started again. */
public final class ActorRows {
  private ActorRows() {}

  /**
   * The tree of a run that goes on here, and after it the workers that are on record and have no
   * actor any more, with the reason.
   */
  public static List<Map<String, Object>> of(RunView run) {
    Map<String, WorkerRow> workers = new HashMap<>();
    run.read(m -> List.copyOf(m.workers())).forEach(worker -> workers.put(worker.id(), worker));
    long attempt = run.read(m -> m.opened().map(RunEvent.Opened::attempt).orElse(1L));
    List<Map<String, Object>> rows = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (ActorTree.Row actor : run.live().map(LiveRun::actors).orElse(List.of())) {
      String name = actor.path().substring(actor.path().lastIndexOf('/') + 1);
      WorkerRow worker = workers.get(name.replaceFirst("^host-of-", ""));
      if (worker != null) {
        seen.add(worker.id());
      }
      rows.add(row(actor, worker, attempt));
    }
    workers.values().stream()
        .filter(worker -> !seen.contains(worker.id()))
        .sorted(java.util.Comparator.comparing(WorkerRow::id))
        .forEach(worker -> rows.add(row(worker)));
    return rows;
  }

  /** What dies is not started again by itself: the attempt is, with all its actors. */
  private static Map<String, Object> row(
      ActorTree.Row actor, WorkerRow workerOrNull, long attempt) {
    Map<String, Object> row = Views.map();
    row.put("path", actor.path());
    row.put("depth", actor.depth());
    boolean known = workerOrNull != null && !actor.state().equals("stopping");
    row.put("state", known ? workerOrNull.state() : actor.state());
    row.put("reason", known ? workerOrNull.reason() : reason(actor));
    row.put("restarts", workerOrNull != null ? workerOrNull.joins() - 1 : attempt - 1);
    row.put("mailbox", actor.mailbox());
    return row;
  }

  private static Map<String, Object> row(WorkerRow worker) {
    Map<String, Object> row = Views.map();
    row.put("path", worker.id());
    row.put("depth", 0);
    row.put("state", worker.state());
    row.put("reason", worker.reason());
    row.put("restarts", Math.max(0, worker.joins() - 1));
    row.put("mailbox", null);
    return row;
  }

  private static String reason(ActorTree.Row actor) {
    return switch (actor.state()) {
      case "stopping" -> "it ends once its children have";
      case "suspended" -> "it waits for its supervisor's decision on a failure";
      default ->
          actor.mailbox() == 0
              ? "waits for a message"
              : actor.mailbox() == 1 ? "1 message waits" : actor.mailbox() + " messages wait";
    };
  }
}
