package io.akkord.actors.content;

import io.akkord.actors.content.ContentStore.Pruned;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Removes from a store that its caller has alone. */
final class ContentPrune {
  private final Path blobs;
  private final Path contents;
  private final LongSupplier bytes;

  ContentPrune(Path directory, LongSupplier bytes) {
    this.blobs = directory.resolve(ContentStore.BLOBS);
    this.contents = directory.resolve(ContentStore.CONTENTS);
    this.bytes = bytes;
  }

  Pruned run(long maxBytes) throws IOException {
    long before = bytes.getAsLong();
    int removed = 0;
    if (before > maxBytes) {
      removeUnlinkedBlobs(); // left by fetches that were given up
    }
    List<Path> oldestFirst =
        entries(contents, Files::isDirectory).stream().sorted(ContentStore.byLastUse()).toList();
    for (Path content : oldestFirst) {
      if (bytes.getAsLong() <= maxBytes) {
        break;
      }
      Optional<FileLocks.Hold> unused = FileLocks.tryAlone(ContentStore.lockOf(content));
      if (unused.isPresent()) {
        try (FileLocks.Hold hold = unused.get()) {
          deleteAll(content);
          Files.delete(ContentStore.lockOf(content));
        }
        removeUnlinkedBlobs();
        removed++;
      }
    }
    long left = bytes.getAsLong();
    return new Pruned(removed, before - left, left);
  }

  private void removeUnlinkedBlobs() throws IOException {
    Set<Path> linked = new HashSet<>();
    for (Path content : entries(contents, Files::isDirectory)) {
      try (Stream<Path> files = Files.walk(content)) {
        for (Path link : files.filter(Files::isSymbolicLink).toList()) {
          linked.add(link.getParent().resolve(Files.readSymbolicLink(link)).normalize());
        }
      }
    }
    for (Path blob : entries(blobs, Files::isDirectory)) {
      if (!linked.contains(blob.resolve(ContentStore.BLOB))) {
        deleteAll(blob);
      }
    }
  }

  private static List<Path> entries(Path folder, Predicate<Path> which) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(which).toList();
    }
  }

  private static void deleteAll(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
