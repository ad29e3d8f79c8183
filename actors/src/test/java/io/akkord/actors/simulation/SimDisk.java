package io.akkord.actors.simulation;

import akka.persistence.PersistentRepr;
import io.akkord.actors.journal.DiskSync;
import io.akkord.actors.journal.EventSource;
import io.akkord.proto.LedgerEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * The head's disk under the journal: written is not yet durable, and both take time, fail for a
 * while, or stop with the process.
 */
final class SimDisk {
  private static final Duration LEAST = Duration.ofNanos(50_000);
  private static final Duration MOST = Duration.ofMillis(30);

  private final SimLoop loop;
  private final Map<String, List<PersistentRepr>> written = new TreeMap<>();
  private final Map<String, Integer> durable = new TreeMap<>();
  private final Map<String, List<String>> writers = new LinkedHashMap<>();
  private long failsUntil;
  private long slowUntil;
  private boolean syncs = true;
  SimProcess head;

  SimDisk(SimLoop loop) {
    this.loop = loop;
  }

  /** How long an operation takes. */
  long delay() {
    long delay = loop.between(LEAST, MOST);
    return loop.now() < slowUntil ? delay * 1000 : delay;
  }

  void failFor(Duration time) {
    failsUntil = loop.now() + time.toNanos();
  }

  void slowFor(Duration time) {
    slowUntil = loop.now() + time.toNanos();
  }

  boolean fails() {
    return loop.now() < failsUntil;
  }

  /** A planted fault: what was written is said to be durable at once. */
  void skipSyncs() {
    syncs = false;
  }

  /** Events of one id that would survive a power loss. */
  List<PersistentRepr> durable(String id) {
    return events(id).subList(0, durable.getOrDefault(id, 0));
  }

  List<PersistentRepr> events(String id) {
    return written.getOrDefault(id, List.of());
  }

  List<String> ids() {
    return List.copyOf(written.keySet());
  }

  /** Completes when the events are written; not at all if the head dies before. */
  void write(String id, List<PersistentRepr> events, CompletableFuture<Void> done) {
    SimProcess writer = head;
    boolean sent = writer.effect();
    loop.at(
        loop.now() + delay(),
        null,
        () -> {
          boolean failed = fails();
          // A write may be there although the database never said so.
          if (!sent || !writer.alive || failed && loop.random().nextInt(3) > 0) {
            done.completeExceptionally(new IOException("the disk is full"));
            return;
          }
          requireOneWriter(id, events);
          written.computeIfAbsent(id, i -> new ArrayList<>()).addAll(events);
          loop.transcript.add(
              loop.now(),
              events.size(),
              () ->
                  writer
                      + " journal "
                      + id
                      + " "
                      + events.get(0).sequenceNr()
                      + " "
                      + events.get(0).payload().toString().replace('\n', ' '));
          if (failed) {
            done.completeExceptionally(new IOException("the connection broke"));
          } else {
            done.complete(null);
          }
        });
  }

  private void requireOneWriter(String id, List<PersistentRepr> events) {
    List<String> known = writers.computeIfAbsent(id, i -> new ArrayList<>());
    for (PersistentRepr event : events) {
      int at = known.indexOf(event.writerUuid());
      Broken.unless(at < 0 || at == known.size() - 1, "two live writers of %s at once", id);
      if (at < 0) {
        known.add(event.writerUuid());
      }
      Broken.unless(
          event.sequenceNr() == events(id).size() + 1 + events.indexOf(event),
          "%s: event %d is written where %d belongs",
          id,
          event.sequenceNr(),
          events(id).size() + 1);
    }
  }

  /** What a process that opens the journal finds. */
  EventSource reader() {
    return new EventSource() {
      @Override
      public List<String> persistenceIds(String prefix) {
        return ids().stream()
            .filter(id -> id.startsWith(prefix) && !SimDisk.this.events(id).isEmpty())
            .toList();
      }

      @Override
      public byte[] first(String persistenceId) {
        return bytes(SimDisk.this.events(persistenceId).get(0));
      }

      @Override
      public void events(String persistenceId, long after, EventConsumer consumer) {
        SimDisk.this.events(persistenceId).stream()
            .filter(event -> event.sequenceNr() > after)
            .forEach(event -> consumer.accept(event.sequenceNr(), bytes(event)));
      }

      @Override
      public void close() {}
    };
  }

  private static byte[] bytes(PersistentRepr event) {
    return ((LedgerEvent) event.payload()).toByteArray();
  }

  DiskSync sync() {
    return () -> {
      CompletableFuture<Void> done = new CompletableFuture<>();
      SimProcess asker = loop.current();
      Map<String, Integer> forced = new TreeMap<>();
      written.forEach((id, events) -> forced.put(id, events.size()));
      loop.at(
          loop.now() + delay(),
          asker,
          () -> {
            if (!asker.effect()) {
              return;
            }
            if (fails()) {
              done.completeExceptionally(new IOException("the disk does not answer"));
              return;
            }
            if (syncs) {
              forced.forEach((id, n) -> durable.merge(id, n, Math::max));
            }
            done.complete(null);
          });
      return done;
    };
  }

  /** What was not forced is gone. */
  void losePower() {
    for (Map.Entry<String, List<PersistentRepr>> entry : written.entrySet()) {
      int kept = durable.getOrDefault(entry.getKey(), 0);
      entry.getValue().subList(kept, entry.getValue().size()).clear();
    }
  }
}
