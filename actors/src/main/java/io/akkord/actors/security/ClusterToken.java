package io.akkord.actors.security;

import com.typesafe.config.Config;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The secret that a command line shows to the head of a cluster. It is never part of a message, of
 * {@link #toString} or of a log.
 */
public final class ClusterToken {
  /** Goes before the file. */
  public static final String ENVIRONMENT = "AKKORD_CLUSTER_TOKEN";

  private static final String SETTING = "akkord.cluster.token-file";
  private static final int BYTES = 32;

  /** What HTTP lets a bearer token be; 20 characters are the least that cannot be tried out. */
  private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9._~+/=-]{20,512}");

  private final String secret;

  private ClusterToken(String secret) {
    this.secret = secret;
  }

  /** Where the settings want the token. */
  public static Path file(Config config) {
    return UserPath.of(config.getString(SETTING)).toAbsolutePath().normalize();
  }

  /**
   * A new random token of 32 bytes, written with mode 0600.
   *
   * @throws UserError when there is a file already
   */
  public static ClusterToken create(Path file) {
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    String secret = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    try {
      SecretFiles.createFolder(file.toAbsolutePath().getParent());
      SecretFiles.writeSecret(file, secret + "\n");
      return new ClusterToken(secret);
    } catch (FileAlreadyExistsException e) {
      throw new UserError(
          "%s: there is a cluster token already. Remove it for a new one; whoever has the old one is then refused."
              .formatted(file),
          e);
    } catch (IOException e) {
      throw new UserError(
          "%s: the cluster token cannot be written (%s). Set %s to a file that this user can write."
              .formatted(file, e, SETTING),
          e);
    }
  }

  /**
   * The token in force: from the environment, else from the file.
   *
   * @param environment {@code System.getenv()}
   * @throws UserError when there is none, or one that is no secret
   */
  public static ClusterToken read(Config config, Map<String, String> environment) {
    String given = environment.get(ENVIRONMENT);
    if (given != null) {
      return checked(given.strip(), "environment variable " + ENVIRONMENT);
    }
    Path file = file(config);
    String text =
        SecretFiles.readSecret(
            file,
            "cluster token",
            "The head makes one when it starts: copy its file here, or set %s or %s."
                .formatted(SETTING, ENVIRONMENT));
    return checked(text.strip(), file.toString());
  }

  /** What a head does when it starts: the token in force, or a new one where there is none. */
  public static ClusterToken readOrCreate(Config config, Map<String, String> environment) {
    Path file = file(config);
    boolean missing = Files.notExists(file, LinkOption.NOFOLLOW_LINKS);
    if (missing && !environment.containsKey(ENVIRONMENT)) {
      try {
        return create(file);
      } catch (UserError e) {
        // Another head of this machine was faster: its token is the cluster's.
        if (!(e.getCause() instanceof FileAlreadyExistsException)) {
          throw e;
        }
      }
    }
    return read(config, environment);
  }

  private static ClusterToken checked(String secret, String where) {
    if (secret.isEmpty()) {
      throw new UserError(
          "%s: the cluster token is empty. Copy the head's token, or remove this one."
              .formatted(where));
    }
    if (!ALLOWED.matcher(secret).matches()) {
      throw new UserError(
          "%s: this is no cluster token: %d characters, of which allowed are 20 to 512 letters, digits and . _ ~ + / = -. Copy the head's token once more."
              .formatted(where, secret.length()));
    }
    return new ClusterToken(secret);
  }

  /** Whether somebody showed this token; takes as long for any wrong one of its length. */
  public boolean matches(String shown) {
    return MessageDigest.isEqual(
        secret.getBytes(StandardCharsets.UTF_8), shown.getBytes(StandardCharsets.UTF_8));
  }

  /** What two nodes may compare in the open: nothing leads back from it to the token. */
  public static String fingerprint(String token) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(("akkord cluster " + token).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The secret itself, to be shown to the head and, once, to the person who made it. */
  public String reveal() {
    return secret;
  }

  @Override
  public String toString() {
    return "ClusterToken(hidden)";
  }
}
