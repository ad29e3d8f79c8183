package io.akkord.actors.dashboard;

import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Beside a run: says what needs attention when it begins to, once. What was gone for a minute is
 * said again when it is back. One thread at a time.
 */
public final class AttentionWatch {
  /** What a line begins with that this has said. */
  public static final String PREFIX = "needs attention: ";

  /** The rules look at hundreds of steps, so they are asked now and then and not in each one. */
  static final long EVERY_MS = 1_000;

  static final long GONE_MS = 60_000;

  private final RunModel model = new RunModel();
  private final Map<String, Long> seenAt = new HashMap<>();
  private final Supplier<Attention.Disk> disk;
  private final LongSupplier clock;
  private long askedAt = Long.MIN_VALUE;

  /** Watches the run that writes to a folder. */
  public AttentionWatch(Path outputDir, LongSupplier clock) {
    this(() -> RunDisk.of(outputDir), clock);
  }

  AttentionWatch(Supplier<Attention.Disk> disk, LongSupplier clock) {
    this.disk = disk;
    this.clock = clock;
  }

  /** Takes an event and returns lines for whatever needs somebody from now on. */
  public List<String> on(RunEvent event) {
    long now = clock.getAsLong();
    model.apply(new TimedEvent(now, event));
    boolean often = event instanceof RunEvent.Step || event instanceof RunEvent.Phases;
    boolean early = askedAt != Long.MIN_VALUE && now - askedAt < EVERY_MS;
    if (event instanceof RunEvent.Note || event instanceof RunEvent.Ended || (often && early)) {
      return List.of();
    }
    askedAt = now;
    List<String> lines = new ArrayList<>();
    for (Attention.Entry entry : Attention.of(model, disk.get())) {
      Long before = seenAt.put(entry.about(), now);
      if (before == null || now - before > GONE_MS) {
        lines.add("%s%s: %s. %s".formatted(PREFIX, entry.about(), entry.reason(), entry.advice()));
      }
    }
    return lines;
  }
}
