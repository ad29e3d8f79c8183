package io.akkord.actors.dashboard.http;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The overviews of runs as server-sent events. One is made for all who listen, and not more often
 * than they look; a listener that does not read is sent nothing, nothing is kept for it, and what
 * it gets when it reads again is the latest.
 */
final class LiveOverview {
  /** Without news a stream says so often that it is alive. */
  private static final int QUIET_TICKS = 20;

  /** Runs whose overview is kept; who asks for others makes it anew. */
  private static final int MOST = 32;

  /**
   * An overview.
   *
   * @param version changes with it
   */
  record Shot(long version, String json) {}

  private record Kept(Shot shot, long madeAt) {}

  private final Duration tick;
  private final Function<String, Shot> make;
  private final LongSupplier nanos;
  private final Map<String, Kept> kept = new HashMap<>();

  /**
   * Overviews of runs by name.
   *
   * @param tick listeners look so often
   */
  LiveOverview(Duration tick, Function<String, Shot> make, LongSupplier nanos) {
    this.tick = tick;
    this.make = make;
    this.nanos = nanos;
  }

  /** The stream of one listener. */
  Source<ByteString, NotUsed> listen(String run) {
    // A tick that nobody has room for is dropped.
    return Source.tick(Duration.ZERO, tick, 0)
        .statefulMapConcat(
            () -> {
              long[] seen = {Long.MIN_VALUE, 0};
              return unused -> frame(run, seen);
            })
        .mapMaterializedValue(cancellable -> NotUsed.getInstance());
  }

  private List<ByteString> frame(String run, long[] seen) {
    Shot shot = shot(run);
    if (shot.version() == seen[0]) {
      return ++seen[1] % QUIET_TICKS == 0
          ? List.of(ByteString.fromString(": still here\n\n"))
          : List.of();
    }
    seen[0] = shot.version();
    return List.of(
        ByteString.fromArray(
            ("event: overview\ndata: " + shot.json() + "\n\n").getBytes(StandardCharsets.UTF_8)));
  }

  private synchronized Shot shot(String run) {
    long now = nanos.getAsLong();
    Kept last = kept.get(run);
    if (last == null || now - last.madeAt() >= tick.toNanos() / 2) {
      if (kept.size() >= MOST) {
        kept.clear();
      }
      last = new Kept(make.apply(run), now);
      kept.put(run, last);
    }
    return last.shot();
  }
}
