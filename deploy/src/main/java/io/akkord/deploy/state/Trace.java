package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Chrome's trace event format (Trace Event Format, JSON object form), which Perfetto opens: spans
 * are complete events ({@code ph} X), names of processes and threads metadata ({@code M}), points
 * in time instants ({@code i}), curves counters ({@code C}). Times are whole microseconds. A viewer
 * puts what overlaps on a thread inside each other or drops it, so spans of a track never do.
 */
final class Trace {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** One of the colours that the format has names for. */
  private static final String BAD = "terrible";

  private final List<ObjectNode> names = new ArrayList<>();
  private final List<ObjectNode> events = new ArrayList<>();

  /** Names a process; those of lower numbers come first. */
  void process(int pid, String name) {
    metadata("process_name", pid, 0).put("name", name);
    metadata("process_sort_index", pid, 0).put("sort_index", pid);
  }

  /** A thread of a process; those of lower numbers come first. */
  Track track(int pid, int tid, String name) {
    metadata("thread_name", pid, tid).put("name", name);
    metadata("thread_sort_index", pid, tid).put("sort_index", tid);
    return new Track(pid, tid);
  }

  private ObjectNode metadata(String what, int pid, int tid) {
    ObjectNode event = JSON.createObjectNode();
    event.put("name", what).put("ph", "M").put("pid", pid).put("tid", tid).put("ts", 0);
    names.add(event);
    return event.putObject("args");
  }

  private ObjectNode event(String name, String phase, int pid, int tid, long micros) {
    ObjectNode event = JSON.createObjectNode();
    event.put("name", name).put("ph", phase).put("pid", pid).put("tid", tid).put("ts", micros);
    events.add(event);
    return event;
  }

  /** A point of a curve; what is no number is left out. */
  void counter(int pid, String name, long micros, double value) {
    if (Double.isFinite(value)) {
      event(name, "C", pid, 0, micros).putObject("args").put("value", value);
    }
  }

  /** JSON has no infinity and no NaN. */
  static void number(ObjectNode args, String name, double value) {
    if (Double.isFinite(value)) {
      args.put(name, value);
    } else {
      args.put(name, String.valueOf(value));
    }
  }

  /** Everything, by time. */
  ObjectNode json() {
    ObjectNode trace = JSON.createObjectNode();
    trace.put("displayTimeUnit", "ms");
    ArrayNode list = trace.putArray("traceEvents");
    names.forEach(list::add);
    events.stream()
        .sorted(Comparator.comparingLong(event -> event.path("ts").asLong()))
        .forEach(list::add);
    return trace;
  }

  /** Where spans follow each other. */
  final class Track {
    private final int pid;
    private final int tid;
    private long end = Long.MIN_VALUE;
    private ObjectNode last;

    private Track(int pid, int tid) {
      this.pid = pid;
      this.tid = tid;
    }

    /** A span; it begins where the one before it ends if it would begin earlier. */
    Track span(String name, long from, long to) {
      long begin = Math.max(from, end);
      long until = Math.max(begin, to);
      last = event(name, "X", pid, tid, begin).put("dur", until - begin);
      last.putObject("args");
      end = until;
      return this;
    }

    /** A point in time. */
    void instant(String name, long micros) {
      last = event(name, "i", pid, tid, micros).put("s", "t");
      last.putObject("args");
    }

    /** What belongs to the latest event. */
    ObjectNode args() {
      return (ObjectNode) last.get("args");
    }

    /** Makes the latest event stand out. */
    void mark() {
      last.put("cname", BAD);
    }
  }
}
