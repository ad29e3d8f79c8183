package io.akkord.actors.security;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;

/** Files that hold secrets: written whole with their mode, read only when nobody else can. */
final class SecretFiles {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> PUBLIC =
      PosixFilePermissions.fromString("rw-r--r--");
  private static final Set<PosixFilePermission> OF_OTHERS =
      EnumSet.of(
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE,
          PosixFilePermission.OTHERS_EXECUTE,
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.GROUP_EXECUTE);

  private SecretFiles() {}

  /** A new file with mode 0600. */
  static void writeSecret(Path file, String text) throws IOException {
    write(file, text, OWNER_ONLY);
  }

  /** A new file with mode 0644. */
  static void writePublic(Path file, String text) throws IOException {
    write(file, text, PUBLIC);
  }

  /** The folder and what is above it; what is new is for the owner only. */
  static void createFolder(Path folder) throws IOException {
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  /**
   * The file has its mode before it has its bytes, and its name only when it has all of them. The
   * link fails where a file is already; a move would replace it.
   */
  private static void write(Path file, String text, Set<PosixFilePermission> mode)
      throws IOException {
    Path part = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
    try {
      try (FileChannel channel =
          FileChannel.open(
              part,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(mode))) {
        ByteBuffer bytes = StandardCharsets.US_ASCII.encode(text);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      try {
        Files.createLink(file, part);
      } catch (FileAlreadyExistsException e) {
        throw e;
      } catch (IOException | UnsupportedOperationException e) {
        moveWhereNothingIs(part, file);
      }
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /** For file systems without links. */
  private static void moveWhereNothingIs(Path part, Path file) throws IOException {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(file.toString());
    }
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * The text of a secret.
   *
   * @param what names it in messages
   * @param remedy what to do when it is missing
   * @throws UserError when it is missing, unreadable or open to others
   */
  static String readSecret(Path file, String what, String remedy) {
    String text = read(file, what, remedy);
    try {
      PosixFileAttributes attributes = Files.readAttributes(file, PosixFileAttributes.class);
      String me = System.getProperty("user.name");
      if (!isPrivate(attributes.permissions(), attributes.owner().getName(), me)) {
        throw new UserError(
            "%s: other users can reach this %s (mode %s); it is no secret any more. If nobody else has read it: chmod 600 %s"
                .formatted(
                    file, what, PosixFilePermissions.toString(attributes.permissions()), file));
      }
    } catch (IOException e) {
      throw unreadable(file, what, e);
    }
    return text;
  }

  /**
   * Nobody but the owner, with one exception: a file of root that root lets a group read, which is
   * how container platforms hand secrets to a process without root's rights.
   */
  static boolean isPrivate(Set<PosixFilePermission> mode, String owner, String me) {
    Set<PosixFilePermission> open = EnumSet.noneOf(PosixFilePermission.class);
    open.addAll(mode);
    open.retainAll(OF_OTHERS);
    if (!me.equals("root") && owner.equals("root")) {
      open.remove(PosixFilePermission.GROUP_READ);
    }
    return open.isEmpty();
  }

  /** The text of a file that is no secret. */
  static String read(Path file, String what, String remedy) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      throw new UserError("%s: there is no %s. %s".formatted(file, what, remedy), e);
    } catch (IOException e) {
      throw unreadable(file, what, e);
    }
  }

  private static UserError unreadable(Path file, String what, IOException e) {
    return new UserError(
        "%s: this %s cannot be read (%s). Make it a file that this user can read."
            .formatted(file, what, e),
        e);
  }
}
