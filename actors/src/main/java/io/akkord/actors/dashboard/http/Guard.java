package io.akkord.actors.dashboard.http;

import java.net.URI;
import java.util.Locale;
import java.util.Set;

/** Who may ask what. Pure: a request in, nothing or a refusal out. */
final class Guard {
  static final String TOKEN_HEADER = "x-akkord-token";

  private static final Set<String> READING = Set.of("GET", "HEAD");

  private final Set<String> hosts;
  private final boolean tokenToRead;
  private final Token token;

  /**
   * The rules of one server.
   *
   * @param hosts names under which it may be asked, lower case; others are another site's page that
   *     found its way here
   * @param tokenToRead whether questions need the token too, as from other machines
   */
  Guard(Set<String> hosts, boolean tokenToRead, Token token) {
    this.hosts = hosts;
    this.tokenToRead = tokenToRead;
    this.token = token;
  }

  /** Refuses, or returns. */
  void check(Question question) {
    String host = question.header("host").orElse("");
    if (!hosts.contains(name(host))) {
      throw new Refused(
          421, "this server does not answer under the name in Host; use the address it printed");
    }
    question.header("origin").ifPresent(origin -> sameSite(origin, host));
    boolean changes = !READING.contains(question.method());
    if (changes && question.header("origin").isEmpty() && fetchedFromElsewhere(question)) {
      throw new Refused(403, "only this page may change something");
    }
    boolean data = !question.path().isEmpty() && !isPage(question);
    if (changes || (tokenToRead && data)) {
      String given = question.header(TOKEN_HEADER).orElse("");
      if (!token.matches(given)) {
        throw new Refused(
            401,
            given.isEmpty()
                ? "the header X-Akkord-Token is missing; the token is where the start of the run said"
                : "X-Akkord-Token is wrong; the token changes with every start");
      }
    }
  }

  private static void sameSite(String origin, String host) {
    String from;
    try {
      from = URI.create(origin).getAuthority();
    } catch (IllegalArgumentException e) {
      from = null;
    }
    if (from == null || !from.equalsIgnoreCase(host)) {
      throw new Refused(403, "a page of another site may not ask here");
    }
  }

  private static boolean fetchedFromElsewhere(Question question) {
    return question
        .header("sec-fetch-site")
        .filter(site -> !site.equals("same-origin") && !site.equals("none"))
        .isPresent();
  }

  /** The page holds no data and must load before it can ask for the token. */
  private static boolean isPage(Question question) {
    String first = question.path().get(0);
    return !first.equals("api") && !first.equals("metrics");
  }

  /** The name without the port; a tunnel may change that. */
  static String name(String host) {
    String lower = host.toLowerCase(Locale.ROOT);
    int end = lower.startsWith("[") ? lower.indexOf(']') + 1 : lower.indexOf(':');
    return end <= 0 ? lower : lower.substring(0, end);
  }
}
