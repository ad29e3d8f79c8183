package io.akkord.actors.simulation;

import akka.actor.ActorCell;
import akka.actor.ActorPath;
import akka.dispatch.Mailbox;
import java.time.Duration;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * Clock and scheduler of a simulated cluster: whatever an actor, a timer, a disk or the network
 * does is an event here, and one thread runs them in the order of simulated time. The seed decides
 * how long everything takes, and so what comes first. While the actor system starts a second thread
 * hands in tasks; hence the locks.
 */
final class SimLoop {
  private static final Map<String, SimLoop> LOOPS = new ConcurrentHashMap<>();
  private static final AtomicLong NAMES = new AtomicLong();

  /**
   * What makes the name of an actor unique in its actor system, or a nameless one's among its
   * siblings; another seed has other numbers.
   */
  private static final Pattern UNIQUE = Pattern.compile("~loop-\\d+~\\d+|(?<=/)\\$[^/]+");

  private static final long LONGEST_PAUSE = 20_000;

  private static final SimProcess NOBODY = new SimProcess("nobody");

  private record Event(long time, long tie, SimProcess process, Runnable action) {}

  final String name = "loop-" + NAMES.incrementAndGet();
  final Transcript transcript = new Transcript();
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) -> a.time != b.time ? Long.compare(a.time, b.time) : Long.compare(a.tie, b.tie));
  private final Map<ActorCell, SimProcess> processes = new IdentityHashMap<>();
  private final Map<String, SimProcess> byName = new HashMap<>();
  private final Map<String, Long> turns = new HashMap<>();
  private SplittableRandom random = new SplittableRandom(0);
  private long seed;
  private long now;
  private long ties;
  private long ran;
  private SimProcess current;
  SimNetwork network;
  SimDisk disk;

  SimLoop() {
    LOOPS.put(name, this);
  }

  static SimLoop of(String name) {
    return LOOPS.get(name);
  }

  /** Forgets everything of the seed before. */
  synchronized void reset(long newSeed) {
    seed = newSeed;
    random = new SplittableRandom(seed);
    events.clear();
    processes.clear();
    byName.clear();
    turns.clear();
    now = 0;
    ties = 0;
    ran = 0;
    current = null;
    transcript.clear();
  }

  long seed() {
    return seed;
  }

  long now() {
    return now;
  }

  long ran() {
    return ran;
  }

  SplittableRandom random() {
    return random;
  }

  /** Between the two, uniformly in the exponent: mostly short, sometimes very long. */
  long between(Duration least, Duration most) {
    double low = StrictMath.log(Math.max(1, least.toNanos()));
    double high = StrictMath.log(Math.max(2, most.toNanos()));
    return (long) StrictMath.exp(low + (high - low) * random.nextDouble());
  }

  SimProcess current() {
    return current;
  }

  /** Runs something as if the process did it. */
  void as(SimProcess process, Runnable action) {
    SimProcess before = current;
    current = process;
    try {
      action.run();
    } finally {
      current = before;
    }
  }

  SimProcess process(String processName) {
    return byName.computeIfAbsent(processName, SimProcess::new);
  }

  /** The process an actor lives in: the first part of its name; null for Akka's own. */
  synchronized SimProcess processOf(ActorCell cell) {
    SimProcess process =
        processes.computeIfAbsent(cell, c -> byName.getOrDefault(owner(c.self().path()), NOBODY));
    return process == NOBODY ? null : process;
  }

  private static String owner(ActorPath path) {
    ActorPath at = path;
    while (at.parent().parent() != at.parent()
        && at.parent().parent().parent() != at.parent().parent()) {
      at = at.parent();
    }
    int end = at.name().indexOf('~');
    return end < 0 ? "" : at.name().substring(0, end);
  }

  synchronized void at(long time, SimProcess process, Runnable action) {
    events.add(new Event(Math.max(time, now), ties++, process, action));
  }

  void after(Duration delay, SimProcess process, Runnable action) {
    at(now + delay.toNanos(), process, action);
  }

  /** What a dispatcher is to run. */
  synchronized void submit(boolean slow, Runnable task) {
    SimProcess process =
        task instanceof Mailbox mailbox && mailbox.actor() != null
            ? processOf(mailbox.actor())
            : current;
    at(now + (slow && disk != null ? disk.delay() : pause(task)), process, task);
  }

  /**
   * How long an actor waits for its turn. Akka wakes the watchers of an actor that ends in an order
   * that differs from JVM to JVM, so each actor has numbers of its own: whoever is woken first
   * takes nothing away from the others.
   */
  private long pause(Runnable task) {
    if (!(task instanceof Mailbox mailbox) || mailbox.actor() == null) {
      return random.nextLong(LONGEST_PAUSE);
    }
    String actor = UNIQUE.matcher(mailbox.actor().self().path().toString()).replaceAll("");
    long turn = turns.merge(actor, 1L, Long::sum);
    return (Chain.of(seed, actor.hashCode(), turn) >>> 1) % LONGEST_PAUSE;
  }

  /** Runs the next event; false if there is none. */
  boolean step() {
    return step(Long.MAX_VALUE);
  }

  /** Runs the next event up to a time; false if there is none. */
  boolean step(long until) {
    Event event;
    synchronized (this) {
      Event next = events.peek();
      event = next == null || next.time > until ? null : events.poll();
    }
    if (event == null) {
      return false;
    }
    now = event.time;
    ran++;
    current = event.process;
    try {
      event.action.run();
    } finally {
      current = null;
    }
    return true;
  }

  synchronized int waiting() {
    return events.size();
  }
}
