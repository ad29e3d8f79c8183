package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may ask what, rule by rule. */
class GuardTest {
  private static final String SECRET = "0123456789abcdef";
  private static final Set<String> HOSTS = Set.of("127.0.0.1", "localhost", "[::1]");

  private final Guard loopback = new Guard(HOSTS, false, Token.of(SECRET));
  private final Guard open = new Guard(HOSTS, true, Token.of(SECRET));

  private static Question ask(String method, String path, String... headers) {
    Map<String, String> all = new HashMap<>(Map.of("host", "127.0.0.1:8265"));
    for (int i = 0; i < headers.length; i += 2) {
      all.put(headers[i], headers[i + 1]);
    }
    List<String> segments =
        Arrays.stream(path.split("/")).filter(segment -> !segment.isEmpty()).toList();
    return new Question(method, segments, Map.of(), all);
  }

  private static int refusal(Guard guard, Question question) {
    Refused refused = catchThrowableOfType(Refused.class, () -> guard.check(question));
    assertThat(refused).as("%s is let through", question).isNotNull();
    return refused.status();
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1:8265", "localhost", "LOCALHOST:1", "[::1]:8265"})
  void itsOwnNamesAreAnsweredOnAnyPort(String host) {
    assertThatCode(() -> loopback.check(ask("GET", "/api/v1/runs", "host", host)))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "evil.example",
        "evil.example:8265",
        "127.0.0.1.evil.example",
        "localhost.",
        "127.0.0.1@evil.example",
        "",
        "[::2]:8265"
      })
  void aNameThatIsNotOursIsRefusedWhateverIsAsked(String host) {
    for (String path : List.of("/", "/app.js", "/api/v1/runs", "/metrics", "/healthz")) {
      assertThat(refusal(loopback, ask("GET", path, "host", host))).as(path).isEqualTo(421);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://evil.example",
        "http://127.0.0.1:9999",
        "http://localhost:8265",
        "null",
        "not a uri",
        ""
      })
  void aPageOfAnotherOriginMayNeitherReadNorChange(String origin) {
    assertThat(refusal(loopback, ask("GET", "/api/v1/runs", "origin", origin))).isEqualTo(403);
    Question stop =
        ask("POST", "/api/v1/runs/a/stop", "origin", origin, Guard.TOKEN_HEADER, SECRET);
    assertThat(refusal(loopback, stop)).isEqualTo(403);
  }

  @Test
  void itsOwnPageIsItsOwnOrigin() {
    assertThatCode(
            () ->
                loopback.check(
                    ask(
                        "POST",
                        "/api/v1/runs/a/stop",
                        "origin",
                        "http://127.0.0.1:8265",
                        Guard.TOKEN_HEADER,
                        SECRET)))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({"cross-site", "same-site"})
  void aFormOfAnotherSiteThatNamesNoOriginChangesNothing(String site) {
    Question stop =
        ask("POST", "/api/v1/runs/a/stop", "sec-fetch-site", site, Guard.TOKEN_HEADER, SECRET);
    assertThat(refusal(loopback, stop)).isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
  void whateverChangesSomethingNeedsTheHeaderEvenOnLoopback(String method) {
    assertThat(refusal(loopback, ask(method, "/api/v1/jobs"))).isEqualTo(401);
    assertThat(refusal(loopback, ask(method, "/api/v1/jobs", Guard.TOKEN_HEADER, "wrong")))
        .isEqualTo(401);
    assertThatCode(() -> loopback.check(ask(method, "/api/v1/jobs", Guard.TOKEN_HEADER, SECRET)))
        .doesNotThrowAnyException();
  }

  @Test
  void beyondLoopbackDataNeedsTheTokenAndThePageThatAsksForItDoesNot() {
    for (String path : List.of("/api/v1/runs", "/api/v1/live", "/api", "/metrics")) {
      assertThat(refusal(open, ask("GET", path))).as(path).isEqualTo(401);
      assertThatCode(() -> open.check(ask("GET", path, Guard.TOKEN_HEADER, SECRET)))
          .doesNotThrowAnyException();
      assertThatCode(() -> loopback.check(ask("GET", path))).doesNotThrowAnyException();
    }
    for (String path : List.of("/", "/app.js")) {
      assertThatCode(() -> open.check(ask("GET", path))).doesNotThrowAnyException();
    }
  }

  @Test
  void aTokenThatIsPartlyRightIsWrong() {
    for (int length = 0; length < SECRET.length(); length++) {
      Question ask = ask("POST", "/api/v1/jobs", Guard.TOKEN_HEADER, SECRET.substring(0, length));
      assertThat(refusal(loopback, ask)).isEqualTo(401);
    }
    assertThat(refusal(loopback, ask("POST", "/api/v1/jobs", Guard.TOKEN_HEADER, SECRET + "0")))
        .isEqualTo(401);
  }
}
