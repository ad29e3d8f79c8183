package io.akkord.actors.simulation;

import akka.persistence.AtomicWrite;
import akka.persistence.JournalProtocol;
import akka.persistence.PersistentEnvelope;
import akka.persistence.PersistentRepr;
import io.akkord.actors.journal.DiskSync;
import io.akkord.actors.journal.EventSource;
import io.akkord.proto.LedgerEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The disk under the journal: written is not yet durable, and both take time, fail for a while, or
 * stop with the process. Whoever opened it last holds the run's lock; of two heads at once, which
 * can only be where the journal is a database server's, the other one's writes still arrive and are
 * never said to be durable.
 */
final class SimDisk {
  private static final Duration LEAST = Duration.ofNanos(50_000);
  private static final Duration MOST = Duration.ofMillis(30);

  /** Attempts share it; each has a ledger of its own. */
  private static final String SHARED = "supervisor|";

  private final SimLoop loop;
  private final Map<String, List<PersistentRepr>> written = new TreeMap<>();
  private final Map<String, Integer> durable = new TreeMap<>();
  private final Map<String, List<String>> writers = new LinkedHashMap<>();
  private final Map<String, SimProcess> processes = new HashMap<>();
  private long failsUntil;
  private long slowUntil;
  private boolean syncs = true;
  private boolean locks = true;
  private SimProcess holder;

  SimDisk(SimLoop loop) {
    this.loop = loop;
  }

  /** A head opens the journal: the run's lock is its own. */
  void open(SimProcess head) {
    holder = head;
  }

  /** Whether another head has the run's lock. */
  boolean isTakenFrom(SimProcess head) {
    return head != holder;
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

  /** A planted fault: whoever has lost the run's lock does not notice. */
  void forgetLock() {
    locks = false;
  }

  /** Something is told to the journal: a plugin does not say who wrote. */
  void told(SimProcess by, Object message) {
    if (message instanceof JournalProtocol.WriteMessages writes) {
      for (PersistentEnvelope one : CollectionConverters.asJava(writes.messages())) {
        if (one instanceof AtomicWrite write) {
          CollectionConverters.asJava(write.payload())
              .forEach(event -> processes.put(event.writerUuid(), by));
        }
      }
    }
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
    SimProcess writer = processes.get(events.get(0).writerUuid());
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
          if (isThere(id, events)) {
            done.completeExceptionally(new IOException("the primary key is taken"));
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

  private boolean isThere(String id, List<PersistentRepr> events) {
    return events.get(0).sequenceNr() <= events(id).size();
  }

  private void requireOneWriter(String id, List<PersistentRepr> events) {
    List<String> known = writers.computeIfAbsent(id, i -> new ArrayList<>());
    // A write of the attempt before may still be under way; the primary key lets one of them in.
    boolean mayBeTwo = id.startsWith(SHARED);
    for (PersistentRepr event : events) {
      int at = known.indexOf(event.writerUuid());
      Broken.unless(
          at < 0 || at == known.size() - 1 || mayBeTwo, "two live writers of %s at once", id);
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
            if (isTakenFrom(asker) && locks) {
              done.completeExceptionally(new IOException("another process has the run's lock"));
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
