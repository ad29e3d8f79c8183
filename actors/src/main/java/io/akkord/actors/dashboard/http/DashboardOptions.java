package io.akkord.actors.dashboard.http;

/**
 * Where the dashboard listens.
 *
 * @param host address to bind; anything but loopback demands the token for every question
 * @param port 0: any free one
 * @param searchUpTo further ports that are tried when {@code port} is taken; 0: that is an error
 */
public record DashboardOptions(String host, int port, int searchUpTo) {
  public static final String LOOPBACK = "127.0.0.1";
  public static final int DEFAULT_PORT = 8265;

  /** Ports above the default that are tried. */
  public static final int SEARCH = 20;

  /** What applies if nothing is said. */
  public static DashboardOptions defaults() {
    return new DashboardOptions(LOOPBACK, DEFAULT_PORT, SEARCH);
  }

  /** Whether only this machine can reach it. */
  public boolean loopback() {
    return host.equals("localhost") || host.equals("::1") || host.startsWith("127.");
  }
}
