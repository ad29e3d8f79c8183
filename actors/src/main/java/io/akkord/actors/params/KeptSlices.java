package io.akkord.actors.params;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Slices whose run has lost its supervisor, kept on their device for the next one: for a bounded
 * time, and of one run at most. Lives as long as the process, so it outlives the actor system of a
 * node that was cut off. Safe for all threads.
 */
public final class KeptSlices implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KeptSlices.class);

  /** How time passes for what is kept. */
  public interface Timer {
    /** Runs something later, on any thread. */
    void after(Duration delay, Runnable action);
  }

  private record Key(String run, long attempt, int slice) {}

  /** The claim of an actor on the slice it keeps; what is left when the actor ends comes here. */
  public final class Lease {
    private final Key key;
    private final Duration keepFor;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private HeldSlice held;
    private boolean unwanted;

    private Lease(Key key, Duration keepFor) {
      this.key = key;
      this.keepFor = keepFor;
    }

    /** The actor has ended and left this, or null. */
    void end(HeldSlice left) {
      accept(this, left);
    }
  }

  private final Map<Key, Lease> leases = new LinkedHashMap<>();
  private final Timer timer;
  private boolean closed;

  /** With this machine's clock. */
  public KeptSlices() {
    this(
        (delay, action) ->
            CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS)
                .execute(action));
  }

  /** With another clock. */
  public KeptSlices(Timer timer) {
    this.timer = timer;
  }

  /**
   * Before an actor begins to keep a slice.
   *
   * @param keepFor how long it is kept without an actor
   */
  public synchronized Lease lease(String run, long attempt, int slice, Duration keepFor) {
    Lease lease = new Lease(new Key(run, attempt, slice), keepFor);
    Lease before = leases.put(lease.key, lease);
    if (before != null) {
      release(before, "another copy takes its place");
    }
    return lease;
  }

  private void accept(Lease lease, HeldSlice left) {
    synchronized (this) {
      boolean keep = left != null && left.whole() && !lease.unwanted && !closed;
      if (keep) {
        lease.held = left;
        sayKept(lease);
        timer.after(lease.keepFor, () -> expire(lease));
      } else {
        leases.remove(lease.key, lease);
        dispose(left);
      }
    }
    lease.ended.complete(null);
  }

  private static void sayKept(Lease lease) {
    LOG.info(
        "slice {} of run {}, attempt {}, has lost its supervisor; its {} bytes at version {} are kept for a new one until {}",
        lease.key.slice,
        lease.key.run,
        lease.key.attempt,
        lease.held.bytes(),
        lease.held.version(),
        Instant.now().plus(lease.keepFor).truncatedTo(ChronoUnit.SECONDS));
  }

  private synchronized void expire(Lease lease) {
    if (leases.get(lease.key) == lease && lease.held != null) {
      release(lease, "nobody has asked for it for " + lease.keepFor);
    }
  }

  private void release(Lease lease, String reason) {
    leases.remove(lease.key, lease);
    lease.unwanted = true;
    if (lease.held != null) {
      LOG.info(
          "slice {} of run {}, attempt {}, is released: {}",
          lease.key.slice,
          lease.key.run,
          lease.key.attempt,
          reason);
      dispose(lease.held);
      lease.held = null;
    }
  }

  private static void dispose(HeldSlice held) {
    if (held != null) {
      held.device()
          .submit(
              () -> {
                held.close();
                return null;
              });
    }
  }

  /** What is kept of a run's earlier attempts, each with its attempt. */
  public record Kept(long attempt, HeldSlice slice) {}

  /**
   * What is left of the attempts before one, when the last of their actors has ended; they must
   * have been told to.
   */
  public synchronized CompletionStage<List<Kept>> before(String run, long attempt) {
    CompletableFuture<?>[] ended =
        leases.values().stream()
            .filter(lease -> earlier(lease, run, attempt))
            .map(lease -> lease.ended)
            .toArray(CompletableFuture[]::new);
    return CompletableFuture.allOf(ended).thenApply(done -> keptBefore(run, attempt));
  }

  private synchronized List<Kept> keptBefore(String run, long attempt) {
    return leases.values().stream()
        .filter(lease -> earlier(lease, run, attempt) && lease.held != null)
        .map(lease -> new Kept(lease.key.attempt, lease.held))
        .toList();
  }

  private static boolean earlier(Lease lease, String run, long attempt) {
    return lease.key.run.equals(run) && lease.key.attempt < attempt;
  }

  /** Hands a kept slice over to a new attempt, once. */
  public synchronized Optional<HeldSlice> take(String run, long attempt, int slice, long version) {
    Optional<Lease> found =
        leases.values().stream()
            .filter(lease -> earlier(lease, run, attempt) && lease.key.slice == slice)
            .filter(lease -> lease.held != null && lease.held.version() == version)
            .findFirst();
    found.ifPresent(lease -> leases.remove(lease.key, lease));
    return found.map(lease -> lease.held);
  }

  /** Nobody will go on from these attempts of a run; what their actors leave goes, too. */
  public void release(String run, long lastAttempt) {
    releaseIf(
        lease -> lease.key.run.equals(run) && lease.key.attempt <= lastAttempt, "it is not needed");
  }

  /** Another run begins here: the memory is its own. */
  public void releaseOthers(String run) {
    releaseIf(
        lease -> lease.held != null && !lease.key.run.equals(run), "run " + run + " begins here");
  }

  private synchronized void releaseIf(Predicate<Lease> unwanted, String reason) {
    List<Lease> found = new ArrayList<>(leases.values());
    found.removeIf(unwanted.negate());
    found.forEach(lease -> release(lease, reason));
  }

  /** Releases everything, now and later. */
  @Override
  public synchronized void close() {
    closed = true;
    releaseIf(lease -> true, "the process ends");
  }
}
