package io.akkord.actors.run;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells several listeners of a run, each for itself: one that fails is told nothing any more, which
 * goes on record, and neither the run nor the others notice. Lines for the record wait until there
 * is somebody to write them.
 */
public final class Listeners implements RunListener {
  private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

  private final Map<String, RunListener> listeners = new LinkedHashMap<>();
  private final Deque<String> waiting = new ArrayDeque<>();
  private Consumer<String> record;

  /**
   * Adds one, which is told after those that are here already.
   *
   * @param name what people call it
   */
  public synchronized Listeners with(String name, RunListener listener) {
    listeners.put(name, listener);
    return this;
  }

  /** Puts a line on record, with the event that is being told or the next one. */
  public synchronized void note(String text) {
    waiting.add(text);
  }

  /** Names who writes lines on record, from the next event on; those that wait come first. */
  public synchronized void recordTo(Consumer<String> writer) {
    record = writer;
  }

  @Override
  public synchronized void on(RunEvent event) {
    for (String name : List.copyOf(listeners.keySet())) {
      RunListener listener = listeners.get(name);
      if (listener != null) {
        tell(name, listener, event);
      }
    }
    while (record != null && !waiting.isEmpty()) {
      record.accept(waiting.poll());
    }
  }

  private void tell(String name, RunListener listener, RunEvent event) {
    try {
      listener.on(event);
    } catch (RuntimeException e) {
      listeners.remove(name);
      LOG.error("{} failed on {}", name, event.getClass().getSimpleName(), e);
      waiting.add("%s failed (%s) and is told nothing more; the run goes on".formatted(name, e));
    }
  }
}
