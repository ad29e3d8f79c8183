package io.akkord.deploy.cli;

import io.akkord.model.UserError;

/** An address to listen on; port 0 is any free one. */
record Bind(String host, int port) {
  private static final int MOST = 65_535;

  static Bind parse(String text) {
    int colon = text.lastIndexOf(':');
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (colon > 0 && port >= 0 && port <= MOST) {
        return new Bind(text.substring(0, colon), port);
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new UserError(
        "--bind is '%s'; give HOST:PORT, such as 127.0.0.1:0 (port 0 takes any free one)"
            .formatted(text));
  }
}
