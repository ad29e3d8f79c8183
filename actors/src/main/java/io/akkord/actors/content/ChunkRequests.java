package io.akkord.actors.content;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.TimerScheduler;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.content.ContentFetcher.Overdue;
import io.akkord.actors.content.ContentFetcher.Refused;
import java.util.BitSet;
import java.util.Optional;

/**
 * Asks for the chunks of one file at a time, a bounded number at once, and again for those that do
 * not come. On the fetcher's own thread only.
 */
final class ChunkRequests {
  private final ContentManifest manifest;
  private final ContentSettings settings;
  private final LaneAddress lane;
  private final ActorRef<ContentFetcher.Command> fetcher;
  private final TimerScheduler<ContentFetcher.Command> timers;
  private ActorRef<ContentServer.Command> server;
  private int file;
  private FetchWindow window;
  private String lastRefusal = "";
  private long bytesArrived;

  private record ChunkKey(int file, int chunk) {}

  ChunkRequests(
      ContentManifest manifest,
      ContentSettings settings,
      ActorRef<ContentServer.Command> server,
      LaneAddress lane,
      ActorRef<ContentFetcher.Command> fetcher,
      TimerScheduler<ContentFetcher.Command> timers) {
    this.manifest = manifest;
    this.settings = settings;
    this.server = server;
    this.lane = lane;
    this.fetcher = fetcher;
    this.timers = timers;
  }

  /** From now on chunks of this file are asked for. */
  void begin(int newFile, BitSet before) {
    file = newFile;
    long size = manifest.files().get(file).size();
    window = new FetchWindow(size, settings.chunkBytes(), before, settings.chunksAsked());
  }

  /** Nothing is asked for any more. */
  void end() {
    window = null;
  }

  /** Asks for as many chunks as may be asked for at once. */
  void ask() {
    window.ask().forEach(this::want);
  }

  /** Whether all chunks of the file are on disk. */
  boolean complete() {
    return window.complete();
  }

  /** Bytes of the file on disk. */
  long bytesDone() {
    return window.bytesDone();
  }

  /** Bytes of all files that came through the lane. */
  long bytesArrived() {
    return bytesArrived;
  }

  private void want(int chunk) {
    int attempt = window.attempt(chunk).orElseThrow();
    timers.startSingleTimer(
        new ChunkKey(file, chunk), new Overdue(file, chunk, attempt), settings.deadline(attempt));
    server.tell(
        new ContentServer.Want(
            manifest.id(), file, chunk, window.offset(chunk), window.length(chunk), lane, fetcher));
  }

  /** Another server is asked for everything that is under way. */
  void useServer(ActorRef<ContentServer.Command> newServer) {
    server = newServer;
    if (window != null) {
      window.startCounting();
      window.asked().forEach(this::want);
    }
  }

  /** Why asking again would not help; empty if it may, or if the chunk is not waited for. */
  Optional<String> refused(Refused refused) {
    boolean waitedFor =
        refused.content().equals(manifest.id())
            && window != null
            && refused.file() == file
            && window.asked().contains((int) refused.chunk());
    if (!waitedFor) {
      return Optional.empty();
    }
    lastRefusal = "; the last answer: " + refused.reason();
    return refused.lasting() ? Optional.of(refused.reason()) : Optional.empty();
  }

  /** Asks once more, or says why it is given up. */
  Optional<String> overdue(Overdue overdue) {
    boolean waitedFor =
        window != null
            && overdue.file() == file
            && window.attempt(overdue.chunk()).orElse(-1) == overdue.attempt();
    if (!waitedFor) {
      return Optional.empty();
    }
    if (overdue.attempt() >= settings.attempts()) {
      return Optional.of(
          "the chunk at byte %d was asked for %d times within %s and did not come from %s%s"
              .formatted(
                  window.offset(overdue.chunk()),
                  overdue.attempt(),
                  settings.patience(),
                  server.path(),
                  lastRefusal));
    }
    window.askAgain(overdue.chunk());
    want(overdue.chunk());
    return Optional.empty();
  }

  /** What is wrong with a block that says it is a chunk that is waited for; empty if nothing is. */
  Optional<String> flaw(BulkHeader header, int bytes) {
    boolean waitedFor =
        isOfFile(header)
            && header.step() <= Integer.MAX_VALUE
            && window.attempt((int) header.step()).isPresent();
    if (!waitedFor) {
      return Optional.empty();
    }
    int chunk = (int) header.step();
    if (header.dtype() == Dtype.BYTES && bytes == window.length(chunk)) {
      return Optional.empty();
    }
    return Optional.of(
        "the chunk at byte %d of %s: found %d bytes of %s, expected %d bytes of %s"
            .formatted(
                window.offset(chunk),
                manifest.files().get(file).name(),
                bytes,
                header.dtype(),
                window.length(chunk),
                Dtype.BYTES));
  }

  private boolean isOfFile(BulkHeader header) {
    return header.kind() == BulkHeader.Kind.FILE
        && header.run().equals(manifest.id())
        && window != null
        && header.slice() == file;
  }

  /** Whether a block is a chunk that is waited for; it is not any more then. */
  boolean arrived(BulkHeader header, int bytes) {
    boolean wanted =
        isOfFile(header) && header.dtype() == Dtype.BYTES && window.arrived(header.step(), bytes);
    if (wanted) {
      timers.cancel(new ChunkKey(file, (int) header.step()));
      bytesArrived += bytes;
    }
    return wanted;
  }

  /** A chunk of the file is on disk. */
  void written(int chunk) {
    window.written(chunk);
  }
}
