package io.akkord.actors.security;

import java.nio.file.Path;

/** Paths as a person writes them. */
public final class UserPath {
  private UserPath() {}

  /** The path, with a leading ~ for the user's home. */
  public static Path of(String text) {
    if (text.equals("~") || text.startsWith("~/")) {
      return Path.of(System.getProperty("user.home") + text.substring(1));
    }
    return Path.of(text);
  }
}
