package io.akkord.actors.supervisor;

import akka.actor.typed.ActorRef;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Where each worker is, what it said it does, and when it was last heard of: whatever waits too
 * long names its workers with this. The supervisor's own thread only.
 */
final class Presence {
  private record Seen(String place, String doing, long heardNanos) {}

  private final LongSupplier nanos;
  private final Map<String, Seen> seen = new LinkedHashMap<>();

  Presence(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** It is there: one of its actors, and its process. */
  void at(String worker, ActorRef<?> actor, long pid, String doing) {
    // An actor of this process has no address.
    String address =
        actor
            .path()
            .address()
            .getHost()
            .map(host -> host + ":" + actor.path().address().getPort().get())
            .orElse("this host");
    seen.put(worker, new Seen("%s, pid %d".formatted(address, pid), doing, nanos.getAsLong()));
  }

  void heard(String worker) {
    seen.computeIfPresent(worker, (id, s) -> new Seen(s.place(), s.doing(), nanos.getAsLong()));
  }

  void says(String worker, String doing) {
    seen.computeIfPresent(worker, (id, s) -> new Seen(s.place(), doing, nanos.getAsLong()));
  }

  /** Its name with host, process, and when it was last heard of. */
  String named(String worker) {
    Seen of = seen.get(worker);
    return of == null
        ? worker + " (never heard of)"
        : "%s (%s; last heard of %.1f s ago)"
            .formatted(worker, of.place(), (nanos.getAsLong() - of.heardNanos()) / 1e9);
  }

  List<String> named(Collection<String> workers) {
    return workers.stream().map(this::named).toList();
  }

  /** Who has begun to take part and is none of these, with what they said last. */
  List<String> notReady(Collection<String> ready, Collection<String> failed) {
    return seen.keySet().stream()
        .filter(worker -> !ready.contains(worker) && !failed.contains(worker))
        .map(worker -> named(worker) + ", which " + seen.get(worker).doing())
        .toList();
  }
}
