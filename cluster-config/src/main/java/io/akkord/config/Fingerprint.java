package io.akkord.config;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** One hash for a set of keys and values. */
final class Fingerprint {
  private Fingerprint() {}

  /** SHA-256, hex, over the lines {@code key=value} in the order of the keys. */
  static String sha256(Map<String, String> keys) {
    StringBuilder lines = new StringBuilder();
    new TreeMap<>(keys).forEach((k, v) -> lines.append(k).append('=').append(v).append('\n'));
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of()
          .formatHex(digest.digest(lines.toString().getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
