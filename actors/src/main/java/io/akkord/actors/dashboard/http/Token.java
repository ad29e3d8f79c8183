package io.akkord.actors.dashboard.http;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;

/** The secret that allows to change something, and from elsewhere to look. */
public final class Token {
  private static final int BYTES = 24;

  private final String text;

  private Token(String text) {
    this.text = text;
  }

  /** A new one that nobody knows yet. */
  public static Token random() {
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    return new Token(HexFormat.of().formatHex(bytes));
  }

  /** One that others have already, such as a cluster's. */
  public static Token of(String text) {
    return new Token(text);
  }

  /** Writes it to a file that only its owner can read, in place of what was there. */
  public void write(Path file) {
    try {
      Path part =
          Files.createTempFile(
              file.toAbsolutePath().getParent(),
              ".token",
              null,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(part, text + "\n");
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UserError(
          "the dashboard's token cannot be written to %s: %s".formatted(file, e), e);
    }
  }

  /** Compares in a time that tells nothing of the token. */
  boolean matches(String other) {
    return MessageDigest.isEqual(
        text.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
  }

  /** For the one line that prints it. */
  public String reveal() {
    return text;
  }

  @Override
  public String toString() {
    return "token";
  }
}
