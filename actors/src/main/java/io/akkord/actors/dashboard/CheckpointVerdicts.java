package io.akkord.actors.dashboard;

import io.akkord.actors.checkpoint.Checkpoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Whether checkpoints have the hashes that their manifests say. Each is read once, in the
 * background, and again only when one of its files was written since.
 */
final class CheckpointVerdicts {
  private static final int IDLE_SECONDS = 10;

  /** One at a time for the whole process: a checkpoint may have gigabytes, and a run goes first. */
  private static final Executor BACKGROUND = background();

  /**
   * What was found.
   *
   * @param fault what is wrong; empty: every hash matches
   */
  record Verdict(Optional<String> fault) {}

  /** Verdict null: still being read. */
  private record Kept(String stamp, Verdict verdict) {}

  private final Executor executor;
  private final Map<Path, Kept> kept = new HashMap<>();

  CheckpointVerdicts() {
    this(BACKGROUND);
  }

  CheckpointVerdicts(Executor executor) {
    this.executor = executor;
  }

  private static Executor background() {
    ThreadPoolExecutor one =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            work -> {
              Thread thread = new Thread(work, "akkord-checkpoint-verify");
              thread.setDaemon(true);
              thread.setPriority(Thread.MIN_PRIORITY);
              return thread;
            });
    one.allowCoreThreadTimeOut(true);
    return one;
  }

  /** The verdict on a folder as it is now; empty while it is being read. */
  synchronized Optional<Verdict> of(Path folder) {
    String stamp = stamp(folder);
    Kept last = kept.get(folder);
    if (last == null || !last.stamp().equals(stamp)) {
      kept.put(folder, new Kept(stamp, null));
      executor.execute(() -> read(folder, stamp));
      last = kept.get(folder);
    }
    return Optional.ofNullable(last.verdict());
  }

  /** Forgets all others. */
  synchronized void keep(Collection<Path> folders) {
    kept.keySet().retainAll(folders);
  }

  private void read(Path folder, String stamp) {
    if (!wanted(folder, stamp)) {
      return;
    }
    Verdict verdict = new Verdict(Checkpoints.fault(folder));
    synchronized (this) {
      if (wanted(folder, stamp)) {
        kept.put(folder, new Kept(stamp, verdict));
      }
    }
  }

  private synchronized boolean wanted(Path folder, String stamp) {
    Kept last = kept.get(folder);
    return last != null && last.stamp().equals(stamp);
  }

  /** Changes with any file of the folder that is written. */
  private static String stamp(Path folder) {
    StringJoiner stamp = new StringJoiner("/");
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
        stamp.add(file.getFileName() + " " + a.size() + " " + a.lastModifiedTime());
      }
    } catch (IOException e) {
      stamp.add("gone");
    }
    return stamp.toString();
  }
}
