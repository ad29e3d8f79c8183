package io.akkord.deploy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import io.akkord.actors.security.ClusterToken;
import io.akkord.deploy.cluster.NodeFiles;
import io.akkord.model.UserError;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Asks a head's control API. */
final class ControlClient {
  /** Where the head is, if not on this machine. */
  static final String ENVIRONMENT = "AKKORD_ADDRESS";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(15);
  private static final int REFUSED = 400;
  private static final int UNAUTHORIZED = 401;
  private static final int UNAVAILABLE = 503;

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(DEADLINE).build();
  private final String base;
  private final ClusterToken token;

  private ControlClient(String base, ClusterToken token) {
    this.base = base;
    this.token = token;
  }

  /**
   * The head that is meant: an address, else the environment's, else this machine's.
   *
   * @throws UserError if there is none
   */
  static ControlClient of(String address, Config config) {
    String base = address != null ? address : System.getenv(ENVIRONMENT);
    if (base == null) {
      base =
          NodeFiles.of(config).all().stream()
              .filter(entry -> entry.role().equals("head"))
              .map(NodeFiles.Entry::dashboard)
              .findFirst()
              .orElseThrow(
                  () ->
                      new UserError(
                          "no head runs on this machine; start one with akkord start --head, or name another's dashboard with --address http://HOST:8265 (or %s)"
                              .formatted(ENVIRONMENT)));
    }
    int fragment = base.indexOf('#');
    String plain = fragment < 0 ? base : base.substring(0, fragment);
    String url = plain.contains("://") ? plain : "http://" + plain;
    return new ControlClient(
        url.endsWith("/") ? url.substring(0, url.length() - 1) : url,
        ClusterToken.read(config, System.getenv()));
  }

  /** Whether nobody answered, and somebody may a little later. */
  static boolean unanswered(UserError e) {
    return e.getCause() instanceof IOException
        && !(e.getCause() instanceof JsonProcessingException);
  }

  /** Where the head is. */
  String base() {
    return base;
  }

  JsonNode get(String path) {
    return send(request(path).GET().build());
  }

  JsonNode post(String path, JsonNode body) {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
            .build());
  }

  private HttpRequest.Builder request(String path) {
    try {
      return HttpRequest.newBuilder(URI.create(base + "/api/v1/" + path))
          .timeout(DEADLINE)
          .header("X-Akkord-Token", token.reveal());
    } catch (IllegalArgumentException e) {
      throw new UserError(
          "%s is no address of a head; give http://HOST:PORT of its dashboard".formatted(base), e);
    }
  }

  private JsonNode send(HttpRequest request) {
    try {
      HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
      JsonNode answer = JSON.readTree(response.body());
      if (response.statusCode() == UNAUTHORIZED) {
        throw new UserError(
            "the head at %s has another cluster token; copy its token file here, or set AKKORD_CLUSTER_TOKEN"
                .formatted(base));
      }
      if (response.statusCode() == UNAVAILABLE) {
        throw new IOException(answer.path("error").asText());
      }
      if (response.statusCode() >= REFUSED) {
        throw new UserError(answer.path("error").asText(response.body()));
      }
      return answer;
    } catch (JsonProcessingException e) {
      throw new UserError("%s does not answer like a head of Akkord".formatted(base), e);
    } catch (IOException e) {
      throw new UserError(
          "the head at %s does not answer (%s); akkord status on its machine says whether it runs"
              .formatted(
                  base, e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("interrupted", e);
    }
  }
}
