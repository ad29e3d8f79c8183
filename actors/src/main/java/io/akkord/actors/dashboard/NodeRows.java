package io.akkord.actors.dashboard;

import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.node.NodeReport;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Nodes as they last said of themselves. */
public final class NodeRows {
  private NodeRows() {}

  /** A row for each. */
  public static List<Map<String, Object>> of(List<NodeBoard.Node> nodes) {
    return nodes.stream().map(NodeRows::row).toList();
  }

  private static Map<String, Object> row(NodeBoard.Node node) {
    NodeReport r = node.report();
    Map<String, Object> view = new LinkedHashMap<>();
    view.put("node", r.node());
    view.put("state", node.state());
    view.put("host", r.host());
    view.put("address", r.address());
    view.put("pid", r.pid());
    view.put("roles", r.roles());
    view.put("devices", r.devices());
    view.put("cores", r.cores());
    view.put("memory_bytes", r.memoryBytes());
    view.put("memory_used_bytes", r.memoryUsedBytes());
    view.put("rss_bytes", r.rssBytes());
    view.put("started_at", r.startedAt());
    view.put("heard_at", node.heardAt());
    view.put("why", node.why());
    view.put("incarnation", r.incarnation());
    view.put("machine", r.machine());
    return view;
  }
}
