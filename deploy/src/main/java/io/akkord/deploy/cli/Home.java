package io.akkord.deploy.cli;

import io.akkord.model.UserError;
import java.nio.file.Path;

/** Where Akkord is installed: the launcher says so. */
final class Home {
  private Home() {}

  static Path path() {
    String home = System.getProperty("akkord.home");
    if (home == null) {
      throw new UserError(
          "start Akkord through deploy/bin/akkord, which knows where the shipped files are");
    }
    return Path.of(home);
  }
}
