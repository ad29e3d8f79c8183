package io.akkord.actors.content;

import java.util.Optional;

/** Bytes of a content that are here. */
final class FetchProgress {
  private final ContentManifest manifest;
  private final long[] done;
  private ContentFetcher.Progress reported;

  FetchProgress(ContentManifest manifest) {
    this.manifest = manifest;
    this.done = new long[manifest.files().size()];
  }

  void whole(int file) {
    done[file] = manifest.files().get(file).size();
  }

  void part(int file, long bytes) {
    done[file] = bytes;
  }

  long done() {
    long sum = 0;
    for (long bytes : done) {
      sum += bytes;
    }
    return sum;
  }

  /** A report, if there is anything new in it. */
  Optional<ContentFetcher.Report> changed(long checked) {
    var now = new ContentFetcher.Progress(manifest.id(), done(), checked, manifest.bytes());
    if (now.equals(reported)) {
      return Optional.empty();
    }
    reported = now;
    return Optional.of(now);
  }
}
