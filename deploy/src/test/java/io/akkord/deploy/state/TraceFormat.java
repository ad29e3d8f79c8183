package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is wrong with a trace: what the format demands, and what Perfetto needs besides. */
public final class TraceFormat {
  private final List<String> wrong = new ArrayList<>();
  private final Set<String> named = new HashSet<>();
  private final Map<String, Long> ends = new HashMap<>();

  private TraceFormat() {}

  /** Empty if nothing is. */
  public static List<String> wrong(JsonNode trace) {
    TraceFormat format = new TraceFormat();
    format.demand(trace.path("traceEvents").isArray(), "traceEvents is no list");
    long before = 0;
    for (JsonNode event : trace.path("traceEvents")) {
      format.check(event);
      long ts = event.path("ts").asLong();
      format.demand(ts >= before, "not by time: " + event);
      before = ts;
    }
    return format.wrong;
  }

  private void demand(boolean holds, String otherwise) {
    if (!holds) {
      wrong.add(otherwise);
    }
  }

  private void check(JsonNode event) {
    demand(event.path("name").isTextual() && !event.path("name").asText().isEmpty(), "" + event);
    demand(event.path("pid").isInt() && event.path("tid").isInt(), "pid, tid: " + event);
    demand(event.path("ts").isIntegralNumber(), "ts is no whole number: " + event);
    String process = "process " + event.path("pid").asInt();
    String thread = process + " thread " + event.path("tid").asInt();
    switch (event.path("ph").asText()) {
      case "M" -> metadata(event, process, thread);
      case "X" -> {
        demand(event.path("dur").isIntegralNumber() && event.path("dur").asLong() >= 0, "" + event);
        demand(named.contains(process) && named.contains(thread), "no name: " + event);
        long begin = event.path("ts").asLong();
        demand(begin >= ends.getOrDefault(thread, 0L), "overlaps: " + event);
        ends.put(thread, begin + event.path("dur").asLong());
      }
      case "i" -> {
        demand(List.of("t", "p", "g").contains(event.path("s").asText()), "scope: " + event);
        demand(named.contains(thread), "no name: " + event);
      }
      case "C" -> {
        demand(!event.path("args").isEmpty(), "no value: " + event);
        event.path("args").forEach(value -> demand(value.isNumber(), "no number: " + event));
      }
      default -> demand(false, "unknown ph: " + event);
    }
  }

  private void metadata(JsonNode event, String process, String thread) {
    switch (event.path("name").asText()) {
      case "process_name" -> {
        demand(event.path("args").path("name").isTextual(), "" + event);
        named.add(process);
      }
      case "thread_name" -> {
        demand(event.path("args").path("name").isTextual(), "" + event);
        named.add(thread);
      }
      case "process_sort_index", "thread_sort_index" ->
          demand(event.path("args").path("sort_index").isInt(), "" + event);
      default -> demand(false, "unknown metadata: " + event);
    }
  }
}
