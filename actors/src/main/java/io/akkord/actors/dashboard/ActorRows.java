package io.akkord.actors.dashboard;

import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.run.ActorTree;
import io.akkord.actors.run.RunEvent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The actors of a run with what is known of each: state, why, how often it was started again.
 *
 * <p>No actor is restarted in its place. One that the run cannot do without ends the attempt, and
 * the next attempt starts all of them again; the process of a worker that dies is started again
 * under a name with a number, and a worker that was cut off joins again. Those are the restarts,
 * and each row says of what.
 */
public final class ActorRows {
  private static final String HOST = "host-of-";

  /** {@code worker-0.2}: the process was started again twice. */
  private static final Pattern AGAIN = Pattern.compile(".*\\.(\\d+)");

  private final Map<String, WorkerRow> workers = new HashMap<>();
  private final Set<String> seen = new HashSet<>();
  private final List<Map<String, Object>> rows = new ArrayList<>();
  private final long attempt;

  private ActorRows(RunView run) {
    run.read(m -> List.copyOf(m.workers())).forEach(w -> workers.put(actorName(w.id()), w));
    attempt = run.read(m -> m.opened().map(RunEvent.Opened::attempt).orElse(1L));
  }

  /**
   * The actors of this process, those of the other nodes as their latest reports have them, and
   * after them the workers that are on record and have no actor any more, with the reason.
   */
  public static List<Map<String, Object>> of(RunView run, List<NodeBoard.Node> nodes, long now) {
    ActorRows rows = new ActorRows(run);
    run.live()
        .map(LiveRun::actors)
        .orElse(List.of())
        .forEach(actor -> rows.add(actor, LogLine.RUN, now));
    nodes.forEach(
        node ->
            node.report()
                .actors()
                .forEach(actor -> rows.add(actor, node.report().node(), node.heardAt())));
    rows.addOthers(now);
    return rows.rows;
  }

  /** As ClusterNode and the runtimes name a host after its worker. */
  private static String actorName(String worker) {
    return worker.replaceAll("[^A-Za-z0-9._-]", "-");
  }

  private void add(ActorTree.Row actor, String node, long heardAt) {
    String top = actor.path().split("/", 2)[0];
    boolean hosted = top.startsWith(HOST);
    String worker = hosted ? top.substring(HOST.length()) : "";
    WorkerRow known = workers.get(worker);
    boolean host = known != null && actor.depth() == 0 && !actor.state().equals("stopping");
    if (known != null) {
      seen.add(known.id());
    }
    Map<String, Object> row = Views.map();
    row.put("path", actor.path());
    row.put("node", node);
    row.put("depth", actor.depth());
    row.put("state", host ? known.state() : actor.state());
    row.put("reason", host ? known.reason() : reason(actor));
    Restarts restarts = hosted ? Restarts.of(worker, known) : Restarts.of(attempt);
    row.put("restarts", restarts.count());
    row.put("restarts_of", restarts.of());
    row.put("mailbox", actor.mailbox());
    row.put("heard_at", heardAt);
    rows.add(row);
  }

  private void addOthers(long now) {
    workers.values().stream()
        .filter(worker -> !seen.contains(worker.id()))
        .sorted(Comparator.comparing(WorkerRow::id))
        .forEach(worker -> rows.add(row(worker, now)));
  }

  private static Map<String, Object> row(WorkerRow worker, long now) {
    Map<String, Object> row = Views.map();
    row.put("path", worker.id());
    row.put("node", "");
    row.put("depth", 0);
    row.put("state", worker.state());
    row.put("reason", worker.reason());
    Restarts restarts = Restarts.of(worker.id(), worker);
    row.put("restarts", restarts.count());
    row.put("restarts_of", restarts.of());
    row.put("mailbox", null);
    row.put("heard_at", now);
    return row;
  }

  /** How often, and of what. */
  private record Restarts(long count, String of) {
    static Restarts of(long attempt) {
      return new Restarts(attempt - 1, "attempt");
    }

    static Restarts of(String worker, WorkerRow knownOrNull) {
      Matcher again = AGAIN.matcher(worker);
      long processes = again.matches() ? Long.parseLong(again.group(1)) : 0;
      int joins = knownOrNull == null ? 1 : knownOrNull.joins();
      return new Restarts(processes + Math.max(0, joins - 1), "worker");
    }
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
