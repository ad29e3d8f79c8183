package io.akkord.actors.ledger;

import io.akkord.model.UserError;
import io.akkord.proto.LedgerEvent;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * The events of a run's ledger that are no longer in the journal: {@code
 * history/ledger-ATTEMPT-FROM-TO.pb.gz}, length-delimited {@link LedgerEvent}s of those sequence
 * numbers. A file is whole whenever it has its name, and never changes.
 */
final class LedgerHistory {
  private static final Pattern NAME = Pattern.compile("ledger-(\\d+)-(\\d+)-(\\d+)\\.pb\\.gz");
  private static final String TEMPORARY = ".ledger-tmp";
  private static final int BUFFER = 1 << 16;

  private final Path folder;

  /** Events {@code from} to {@code to}, both included, of one attempt. */
  private record Part(Path file, long attempt, long from, long to) {}

  LedgerHistory(Path runFolder) {
    folder = runFolder.resolve("history");
  }

  /** The last sequence number of an attempt that is here, or {@code after} if none is later. */
  long last(long attempt, long after) {
    return parts(attempt).stream().mapToLong(Part::to).reduce(after, Math::max);
  }

  /**
   * Hands over the events of an attempt behind a sequence number, in order, as far as they are here
   * without a gap.
   *
   * @return the sequence number of the last one; {@code after} if there was none
   */
  long read(long attempt, long after, Consumer<LedgerEvent> consumer) {
    long last = after;
    for (Part part : parts(attempt)) {
      // Two heads, one after the other, may have ended a part at different numbers.
      if (part.from() <= last + 1 && part.to() > last) {
        read(part, last + 1 - part.from(), consumer);
        last = part.to();
      }
    }
    return last;
  }

  /**
   * Writes a part: to a temporary file, forced, renamed, the folder forced.
   *
   * @param events from sequence number {@code from} on
   */
  void write(long attempt, long from, List<LedgerEvent> events) throws IOException {
    if (Files.notExists(folder)) {
      Files.createDirectories(folder);
      force(folder.toAbsolutePath().getParent());
    }
    // A head that was cut off may still write its own.
    Path temporary = folder.resolve(TEMPORARY + "-" + UUID.randomUUID());
    try {
      try (OutputStream out =
          new BufferedOutputStream(
              new GZIPOutputStream(Files.newOutputStream(temporary), BUFFER), BUFFER)) {
        for (LedgerEvent event : events) {
          event.writeDelimitedTo(out);
        }
      }
      force(temporary);
      long to = from + events.size() - 1;
      Path file = folder.resolve("ledger-%d-%d-%d.pb.gz".formatted(attempt, from, to));
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
      force(folder);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  void clean() {
    try (Stream<Path> files = Files.exists(folder) ? Files.list(folder) : Stream.empty()) {
      for (Path file : files.toList()) {
        if (file.getFileName().toString().startsWith(TEMPORARY)) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private List<Part> parts(long attempt) {
    List<Part> parts = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (name.matches() && Long.parseLong(name.group(1)) == attempt) {
          parts.add(
              new Part(
                  file, attempt, Long.parseLong(name.group(2)), Long.parseLong(name.group(3))));
        }
      }
    } catch (NoSuchFileException e) {
      return parts;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    parts.sort(Comparator.comparingLong(Part::from));
    return parts;
  }

  private static void read(Part part, long known, Consumer<LedgerEvent> consumer) {
    long count = 0;
    long expected = part.to() - part.from() + 1;
    try (InputStream in =
        new BufferedInputStream(
            new GZIPInputStream(Files.newInputStream(part.file()), BUFFER), BUFFER)) {
      for (LedgerEvent event = LedgerEvent.parseDelimitedFrom(in);
          event != null;
          event = LedgerEvent.parseDelimitedFrom(in)) {
        count++;
        if (count > known) {
          consumer.accept(event);
        }
      }
    } catch (IOException e) {
      throw damaged(part, e.toString(), e);
    }
    if (count != expected) {
      throw damaged(part, count + " events instead of " + expected, null);
    }
  }

  private static UserError damaged(Part part, String found, Throwable cause) {
    return new UserError(
        "%s: damaged (%s). It holds what the ledger knew of earlier steps; bring the file back from a copy. Checkpoints do not need it."
            .formatted(part.file(), found),
        cause);
  }
}
