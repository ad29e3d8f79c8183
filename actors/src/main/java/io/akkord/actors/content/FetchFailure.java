package io.akkord.actors.content;

import io.akkord.model.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;

/** Says why a content cannot be brought. */
final class FetchFailure {
  private FetchFailure() {}

  /** A cause behind what was being done; a user's mistake speaks for itself. */
  static String text(String doing, Throwable cause, Path cache) {
    if (cause instanceof UserError) {
      return cause.getMessage();
    }
    if (cause instanceof IOException || cause instanceof UncheckedIOException) {
      return "%s: %s; the cache %s must be a folder with room that can be written, or set akkord.content.cache-dir to another one"
          .formatted(doing, words(cause), cache);
    }
    return doing + ": " + cause;
  }

  /** Some of the JDK's file exceptions say nothing but the file. */
  private static String words(Throwable cause) {
    if (cause instanceof AccessDeniedException e) {
      return "no permission for " + e.getFile();
    }
    if (cause instanceof FileAlreadyExistsException e) {
      return e.getFile() + " is a file and no folder";
    }
    return String.valueOf(cause.getMessage());
  }

  static String otherHash(ContentManifest manifest, ContentManifest.Entry entry, String found) {
    return "the bytes of %s have SHA-256 %s and the manifest says %s: %s on the head was changed after it was offered; start the run again"
        .formatted(
            entry.name(), found, entry.sha256(), Path.of(manifest.source()).resolve(entry.name()));
  }

  /** The whole sentence. */
  static String whole(
      Object host, ContentManifest manifest, int file, long bytesDone, String reason) {
    String at = file < manifest.files().size() ? ", file " + manifest.files().get(file).name() : "";
    return "%s cannot bring %s%s, %d of %d bytes are here: %s"
        .formatted(host, manifest.source(), at, bytesDone, manifest.bytes(), reason);
  }
}
