package io.akkord.actors.simulation;

import akka.actor.ActorCell;
import akka.actor.typed.internal.AdaptMessage;
import akka.actor.typed.internal.AdaptWithRegisteredMessageAdapter;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.params.ParameterServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Messages and blocks between the simulated processes. Messages of one pair of actors keep their
 * order, as Akka's do; everything else overtakes. Blocks arrive whole or the connection is lost,
 * and a lost connection is final, as the real lane's is.
 */
final class SimNetwork {
  private static final Duration LEAST = Duration.ofNanos(20_000);
  private static final Duration MOST = Duration.ofMillis(20);

  /** A block in so many may take much longer than all others. */
  private static final int ONE_IN = 16;

  private static final Duration SLOW = Duration.ofSeconds(2);
  private static final Duration SILENCE = Duration.ofSeconds(20);

  /** Hears of every message as it is delivered; invariants and planted faults live there. */
  interface Tap {
    /** Inside one process. */
    default void local(SimProcess process, Object message) {}

    /** A process sends something of an attempt. */
    default void sends(SimProcess from, long attempt, Object what) {}

    /** Between two processes; {@code again} delivers it once more. */
    default void remote(SimProcess from, SimProcess to, Object message) {}

    /** Whether the sender is told at once that a block is done with, though it is not. */
    default boolean pretendsReleased(BulkHeader header) {
      return false;
    }

    /** A block as it will arrive. */
    default BulkHeader block(BulkHeader header, ByteBuffer bytes) {
      return header;
    }
  }

  private record Pair(SimProcess from, Object to) {}

  private record Lane(SimProcess process, Bulk.Receiver receiver) {}

  private record Link(String a, String b) {
    static Link of(SimProcess x, SimProcess y) {
      return x.name.compareTo(y.name) < 0 ? new Link(x.name, y.name) : new Link(y.name, x.name);
    }
  }

  private final SimLoop loop;
  private final Tap tap;
  private final Map<Pair, Long> lastOfPair = new HashMap<>();
  private final Map<LaneAddress, Lane> lanes = new HashMap<>();
  private final Map<Link, Long> cutUntil = new HashMap<>();
  private final Map<Link, Double> lossy = new HashMap<>();
  private final Map<Link, Long> lossyUntil = new HashMap<>();
  private final Set<Link> broken = new HashSet<>();
  private final Set<Link> used = new LinkedHashSet<>();
  private final Map<SimProcess, List<Bulk.PeerListener>> watchers = new LinkedHashMap<>();
  private final Map<Transfer, Boolean> underWay = new LinkedHashMap<>();
  private double repeated;
  private long nextLane = 1;

  SimNetwork(SimLoop loop, Tap tap) {
    this.loop = loop;
    this.tap = tap;
  }

  void local(SimProcess process, ActorCell receiver, Object message) {
    tap.local(process, unwrapped(message));
  }

  private static Object unwrapped(Object message) {
    if (message instanceof AdaptMessage<?, ?> adapt) {
      return adapt.message();
    }
    return message instanceof AdaptWithRegisteredMessageAdapter<?> adapt ? adapt.msg() : message;
  }

  void send(SimProcess from, SimProcess to, ActorCell receiver, Object message, Runnable delivery) {
    if (!from.effect()) {
      return;
    }
    Link link = Link.of(from, to);
    boolean lost = !to.alive || isCut(link) || isLost(link);
    Object inner = unwrapped(message);
    if (inner instanceof ParameterServer.SliceSummed summed) {
      tap.sends(from, summed.attempt(), summed);
    } else if (inner instanceof ParameterServer.Scored scored) {
      tap.sends(from, scored.attempt(), scored);
    }
    String actor = receiver.self().path().name();
    loop.transcript.add(
        loop.now(),
        link.hashCode(),
        () -> from + (lost ? " ✗ " : " → ") + to + " " + actor + " " + inner);
    if (lost) {
      return;
    }
    Pair pair = new Pair(from, receiver);
    long earliest = lastOfPair.getOrDefault(pair, 0L) + 1;
    long time = Math.max(earliest, loop.now() + loop.between(LEAST, MOST));
    lastOfPair.put(pair, time);
    deliver(time, from, to, inner, delivery);
    if (repeated > 0 && loop.random().nextDouble() < repeated) {
      deliver(time + 1, from, to, inner, delivery);
    }
  }

  private void deliver(
      long time, SimProcess from, SimProcess to, Object message, Runnable delivery) {
    loop.at(
        time,
        to,
        () -> {
          if (to.alive) {
            tap.remote(from, to, message);
            delivery.run();
          }
        });
  }

  /** An actor another process watches has ended. */
  void ended(SimProcess from, SimProcess to, Runnable delivery) {
    Duration most = from.alive ? MOST : SILENCE;
    // Akka tells watchers in an order that differs from JVM to JVM: no number is drawn for it.
    long hash = Chain.of(from.name.hashCode(), to.name.hashCode(), loop.seed()) >>> 1;
    loop.at(
        loop.now() + LEAST.toNanos() + hash % most.toNanos(),
        to,
        () -> {
          if (to.alive) {
            delivery.run();
          }
        });
  }

  // ---- faults -----------------------------------------------------------------------------------

  void cut(SimProcess a, SimProcess b, Duration time) {
    cutUntil.put(Link.of(a, b), loop.now() + time.toNanos());
    breakLink(a, b, "cut");
  }

  void lose(SimProcess a, SimProcess b, double share, Duration time) {
    lossy.put(Link.of(a, b), share);
    lossyUntil.put(Link.of(a, b), loop.now() + time.toNanos());
  }

  void repeat(double share) {
    repeated = share;
  }

  private boolean isCut(Link link) {
    return cutUntil.getOrDefault(link, 0L) > loop.now();
  }

  private boolean isLost(Link link) {
    return lossyUntil.getOrDefault(link, 0L) > loop.now()
        && loop.random().nextDouble() < lossy.get(link);
  }

  /** A process is gone: every connection of it breaks. */
  void died(SimProcess process) {
    for (SimProcess other : List.copyOf(watchers.keySet())) {
      if (other != process && other.alive && used.contains(Link.of(process, other))) {
        breakLink(process, other, "died");
      }
    }
    lanes.values().removeIf(lane -> lane.process() == process);
    for (Transfer transfer : List.copyOf(underWay.keySet())) {
      if (transfer.to == process) {
        transfer.fail("the process is gone");
      }
    }
  }

  private void breakLink(SimProcess a, SimProcess b, String why) {
    if (!broken.add(Link.of(a, b))) {
      return;
    }
    long delay = loop.between(LEAST, SILENCE);
    loop.at(loop.now() + delay, a, () -> report(a, b, why));
    loop.at(loop.now() + delay, b, () -> report(b, a, why));
  }

  private void report(SimProcess to, SimProcess lost, String why) {
    if (!to.alive) {
      return;
    }
    for (Transfer transfer : List.copyOf(underWay.keySet())) {
      if (transfer.from == to && transfer.to == lost) {
        transfer.fail(why);
      }
    }
    watchers.getOrDefault(to, List.of()).forEach(w -> w.onPeerLost(lost.name, why));
  }

  /** A block from the past arrives. */
  void haunt(SimProcess to, LaneAddress address, BulkHeader header, ByteBuffer bytes) {
    loop.at(
        loop.now() + loop.between(LEAST, MOST),
        to,
        () -> {
          Lane lane = lanes.get(address);
          if (lane != null && to.alive) {
            ByteBuffer view = bytes.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
            lane.receiver().onBlock(header, view, () -> {});
          }
        });
  }

  // ---- lanes ------------------------------------------------------------------------------------

  Bulk lanesOf(SimProcess process) {
    watchers.put(process, new ArrayList<>());
    return new Lanes(process);
  }

  int blocksUnderWay() {
    return underWay.size();
  }

  private final class Lanes implements Bulk {
    private final SimProcess process;

    Lanes(SimProcess process) {
      this.process = process;
    }

    @Override
    public void watch(PeerListener listener) {
      watchers.get(process).add(listener);
    }

    @Override
    public LaneAddress open(Receiver receiver) {
      LaneAddress address = new LaneAddress(process.name, nextLane++);
      lanes.put(address, new Lane(process, receiver));
      return address;
    }

    @Override
    public void close(LaneAddress lane) {
      lanes.remove(lane);
    }

    @Override
    public CompletionStage<Void> send(LaneAddress to, BulkHeader header, ByteBuffer bytes) {
      Transfer transfer = new Transfer(process, loop.process(to.endpoint()), header, bytes);
      if (process.effect()) {
        tap.sends(process, header.attempt(), header);
        transfer.start(to);
      }
      return transfer.done;
    }
  }

  /** One block on its way, and the news of its release on the way back. */
  private final class Transfer {
    private final SimProcess from;
    private final SimProcess to;
    private final BulkHeader header;
    private final ByteBuffer bytes;
    private final int sent;
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    Transfer(SimProcess from, SimProcess to, BulkHeader header, ByteBuffer bytes) {
      this.from = from;
      this.to = to;
      this.header = header;
      this.bytes = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
      this.sent = this.bytes.hashCode();
    }

    void start(LaneAddress lane) {
      underWay.put(this, true);
      used.add(Link.of(from, to));
      loop.transcript.add(
          loop.now(),
          header.step() * 31 + header.slice(),
          () -> from + " ═ " + to + " " + lane.lane() + " " + header);
      if (from == to) {
        arrive(lane);
      } else {
        Duration most = loop.random().nextInt(ONE_IN) == 0 ? SLOW : MOST;
        loop.at(loop.now() + loop.between(LEAST, most), to, () -> arrive(lane));
        if (tap.pretendsReleased(header)) {
          done.complete(null);
        }
      }
    }

    /** The bytes are read now: had the sender changed them since, the receiver would see it. */
    private void arrive(LaneAddress address) {
      Lane lane = lanes.get(address);
      if (!to.alive || from != to && broken.contains(Link.of(from, to))) {
        return;
      }
      if (lane == null) {
        later(() -> fail("no lane " + address));
        return;
      }
      Broken.unless(
          bytes.hashCode() == sent, "%s has changed on its way from %s to %s", header, from, to);
      ByteBuffer seen = bytes;
      if (from != to) {
        seen = ByteBuffer.allocate(bytes.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        seen.put(bytes.duplicate()).flip();
      }
      ByteBuffer view = seen.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
      lane.receiver().onBlock(tap.block(header, view), view, this::released);
    }

    private void released() {
      if (to.alive) {
        later(() -> end(null));
      }
    }

    private void later(Runnable action) {
      if (from == to) {
        action.run();
      } else {
        loop.at(loop.now() + loop.between(LEAST, MOST), from, action);
      }
    }

    private void fail(String reason) {
      end(new IOException(reason + ": " + header));
    }

    private void end(Throwable failure) {
      if (underWay.remove(this) == null || !from.alive) {
        return;
      }
      loop.as(
          from,
          () -> {
            if (failure == null) {
              done.complete(null);
            } else {
              done.completeExceptionally(failure);
            }
          });
    }
  }
}
