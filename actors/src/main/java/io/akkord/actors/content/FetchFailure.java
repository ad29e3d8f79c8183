package io.akkord.actors.content;

import io.akkord.model.UserError;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;

/** Says why a content cannot be brought. */
final class FetchFailure {
  private FetchFailure() {}

  /** A cause behind what was being done; a user's mistake speaks for itself. */
  static String text(String doing, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof UserError ? cause.getMessage() : doing + ": " + cause;
  }

  static String otherHash(ContentManifest manifest, ContentManifest.Entry entry, String found) {
    return "the bytes of %s have SHA-256 %s and the manifest says %s: %s on the head was changed after it was offered; start the run again"
        .formatted(
            entry.name(), found, entry.sha256(), Path.of(manifest.source()).resolve(entry.name()));
  }

  /** The whole sentence. */
  static String whole(
      Object fetcher, ContentManifest manifest, int file, long bytesDone, String reason) {
    String at = file < manifest.files().size() ? ", file " + manifest.files().get(file).name() : "";
    return "%s cannot bring %s%s, %d of %d bytes are here: %s"
        .formatted(fetcher, manifest.source(), at, bytesDone, manifest.bytes(), reason);
  }
}
