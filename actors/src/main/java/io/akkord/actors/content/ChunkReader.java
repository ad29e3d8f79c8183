package io.akkord.actors.content;

import io.akkord.actors.content.ContentManifest.Entry;
import io.akkord.actors.content.ContentServer.Want;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Maps chunks of offered files into memory. */
final class ChunkReader {
  private final ContentOffers offers;

  ChunkReader(ContentOffers offers) {
    this.offers = offers;
  }

  /** May be offered in a moment: a head that has just started. */
  static final class NotOffered extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotOffered(String message) {
      super(message);
    }
  }

  /**
   * The bytes that are wanted.
   *
   * @throws NotOffered if the content is not offered
   * @throws UserError if there is no such chunk or the file was changed
   */
  ByteBuffer read(Want want) {
    ContentManifest manifest =
        offers
            .find(want.content())
            .orElseThrow(
                () -> new NotOffered("content %s is not offered".formatted(want.content())));
    boolean known = want.file() >= 0 && want.file() < manifest.files().size();
    if (!known || want.length() < 1 || want.length() > ContentSettings.MAX_CHUNK) {
      throw new UserError("no such chunk: " + want);
    }
    Entry entry = manifest.files().get(want.file());
    if (want.offset() < 0 || want.offset() > entry.size() - want.length()) {
      throw new UserError(
          "%s has %d bytes: no such chunk: %s".formatted(entry.name(), entry.size(), want));
    }
    return map(Path.of(manifest.source()), entry, want);
  }

  private static ByteBuffer map(Path folder, Entry entry, Want want) {
    Path path = folder.resolve(entry.name());
    try (FileChannel channel =
        FileChannel.open(ContentScan.locate(folder, entry.name()), StandardOpenOption.READ)) {
      // A map reaches behind the end of a file that was cut short, and reading there is fatal.
      if (channel.size() != entry.size()) {
        throw new UserError(
            "%s on the head has %d bytes and had %d when it was offered: it was changed; start the run again"
                .formatted(path, channel.size(), entry.size()));
      }
      return channel.map(FileChannel.MapMode.READ_ONLY, want.offset(), want.length());
    } catch (IOException e) {
      throw new UserError("%s on the head cannot be read: %s".formatted(path, e), e);
    }
  }
}
