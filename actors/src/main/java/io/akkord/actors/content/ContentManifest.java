package io.akkord.actors.content;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.akkord.actors.CborMessage;
import io.akkord.model.UserError;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The files of one content and their hashes.
 *
 * @param id SHA-256, in hex, of the sorted entries; two hosts with the same files have the same id
 * @param source the absolute folder on the host that offers it; used as it is where that folder is
 *     shared
 * @param files in the order of their names
 */
public record ContentManifest(String id, String source, List<Entry> files) implements CborMessage {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final int MAX_FILES = 10_000;

  /**
   * One file.
   *
   * @param name relative to the folder, with {@code /}
   * @param size bytes
   * @param sha256 in hex, lower case
   */
  public record Entry(String name, long size, String sha256) implements CborMessage {}

  /**
   * The manifest of these files, checked.
   *
   * @throws UserError as {@link #check}
   */
  public static ContentManifest of(String source, List<Entry> files) {
    List<Entry> sorted = files.stream().sorted(Comparator.comparing(Entry::name)).toList();
    ContentManifest manifest = new ContentManifest(id(sorted), source, sorted);
    manifest.check();
    return manifest;
  }

  private static String id(List<Entry> sorted) {
    var sha = ContentHashes.sha256();
    for (Entry e : sorted) {
      sha.update("%s\0%d\0%s\n".formatted(e.name(), e.size(), e.sha256()).getBytes(UTF_8));
    }
    return HexFormat.of().formatHex(sha.digest());
  }

  /** Bytes of all files. */
  public long bytes() {
    return files.stream().mapToLong(Entry::size).sum();
  }

  /**
   * A manifest may come from anywhere: nothing it names may lie outside of the folder it is
   * assembled in.
   *
   * @throws UserError naming the entry
   */
  public void check() {
    if (files.isEmpty() || files.size() > MAX_FILES) {
      throw refused("it names %d files, 1 to %d are allowed".formatted(files.size(), MAX_FILES));
    }
    Set<String> folders = new HashSet<>();
    for (Entry entry : files) {
      checkName(entry.name());
      if (entry.size() < 0 || !SHA256.matcher(entry.sha256()).matches()) {
        throw refused(
            "%s has size %d and hash %s; at least 0 bytes and 64 hex digits in lower case are needed"
                .formatted(entry.name(), entry.size(), entry.sha256()));
      }
      String name = entry.name();
      for (int at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
        folders.add(name.substring(0, at));
      }
    }
    Set<String> seen = new HashSet<>();
    for (Entry entry : files) {
      if (!seen.add(entry.name()) || folders.contains(entry.name())) {
        throw refused("%s is there twice, or is a file and a folder".formatted(entry.name()));
      }
    }
    List<Entry> sorted = files.stream().sorted(Comparator.comparing(Entry::name)).toList();
    if (!sorted.equals(files) || !id(sorted).equals(id)) {
      throw refused("its id is not the hash of its entries (%s)".formatted(id(sorted)));
    }
  }

  private void checkName(String name) {
    boolean bad = name.isEmpty() || name.indexOf('\\') >= 0 || name.indexOf('\0') >= 0;
    for (String part : name.split("/", -1)) {
      bad |= part.isEmpty() || part.equals(".") || part.equals("..");
    }
    if (bad) {
      throw refused(
          "the file name \"%s\" could lead out of the folder; relative names without .. are allowed"
              .formatted(name));
    }
  }

  private UserError refused(String why) {
    return new UserError("content %s from %s is refused: %s".formatted(id, source, why));
  }
}
