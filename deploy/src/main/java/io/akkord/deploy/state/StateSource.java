package io.akkord.deploy.state;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.dashboard.http.LocalAnswers;
import io.akkord.actors.security.ClusterToken;
import io.akkord.deploy.cluster.NodeFiles;
import io.akkord.model.UserError;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Answers about a run: from its own page while it goes on, else from its folder. Both are the same
 * answers.
 */
public final class StateSource implements Answers {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final int OK = 200;
  private static final int UNAUTHORIZED = 401;

  private final Path folder;
  private final RunSet runs;
  private final LocalAnswers local;
  private final List<String> tokens;
  private String page;

  private StateSource(Path folder, RunSet runs, String page, List<String> tokens) {
    this.folder = folder;
    this.runs = runs;
    this.local = new LocalAnswers(runs);
    this.page = page;
    this.tokens = tokens;
  }

  /**
   * The run in a folder, or the newest one in a folder of runs.
   *
   * @throws UserError if there is none
   */
  public static StateSource open(Path dir) {
    return open(dir, ConfigFactory.load());
  }

  /**
   * Likewise.
   *
   * @param config says where this machine's nodes and the cluster's token are
   */
  static StateSource open(Path dir, Config config) {
    RunSet runs = RunView.isRun(dir) ? RunSet.around(dir) : newest(dir);
    runs.refresh();
    Path folder =
        runs.find("")
            .map(RunView::folder)
            .orElseThrow(
                () ->
                    new UserError(
                        "%s holds no run; name the output_dir of one with --dir"
                            .formatted(dir.toAbsolutePath().normalize())));
    String page = DashboardFile.url(folder).orElse(null);
    return new StateSource(
        folder, runs, page, page == null ? List.of() : tokens(folder, page, config));
  }

  /** Whether a folder is a run's, or holds runs. */
  public static boolean holdsRun(Path dir) {
    if (RunView.isRun(dir)) {
      return true;
    }
    try (RunSet runs = newest(dir)) {
      return !runs.all().isEmpty();
    }
  }

  private static RunSet newest(Path dir) {
    if (!Files.isDirectory(dir)) {
      throw new UserError(
          "%s is no folder; name the output_dir of a run with --dir".formatted(dir));
    }
    RunSet here = RunSet.under(dir);
    Path below = dir.resolve("runs");
    return here.all().isEmpty() && Files.isDirectory(below) ? RunSet.under(below) : here;
  }

  /** What the page may ask for: the run's own token, or its cluster's if a head shows it. */
  private static List<String> tokens(Path folder, String page, Config config) {
    List<String> tokens = new ArrayList<>();
    try {
      tokens.add(Files.readString(folder.resolve("dashboard-token")).strip());
    } catch (IOException e) {
      tokens.add("");
    }
    // A file in a run's folder may name any address; only a head of this machine is told the token.
    if (NodeFiles.of(config).all().stream().anyMatch(node -> node.dashboard().equals(page))) {
      try {
        tokens.add(ClusterToken.read(config, System.getenv()).reveal());
      } catch (UserError e) {
        // Then the folder answers.
      }
    }
    return tokens;
  }

  /** The run's output folder. */
  public Path folder() {
    return folder;
  }

  @Override
  public String place() {
    return "the run in " + folder;
  }

  /** Whether the run's process was asked and not its folder. */
  @Override
  public boolean live() {
    return page != null;
  }

  @Override
  public JsonNode get(List<String> path, Map<String, String> query) {
    Optional<JsonNode> answer = page == null ? Optional.empty() : ask(path, query);
    try {
      return answer.isPresent() ? answer.get() : JSON.readTree(local.get(path, query));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Empty if the run ended in the meantime, or its page does not know this person. */
  private Optional<JsonNode> ask(List<String> path, Map<String, String> query) {
    String url =
        page
            + "/api/v1/"
            + path.stream().map(StateSource::encoded).collect(Collectors.joining("/"))
            + query.entrySet().stream()
                .map(e -> e.getKey() + "=" + encoded(e.getValue()))
                .collect(Collectors.joining("&", "?", ""));
    try {
      for (String token : tokens) {
        HttpResponse<String> response = send(url, token);
        if (response.statusCode() == UNAUTHORIZED) {
          continue;
        }
        JsonNode body = JSON.readTree(response.body());
        if (response.statusCode() != OK) {
          throw new UserError(
              body.path("error").asText("the run's page answers " + response.statusCode()));
        }
        return Optional.of(body);
      }
      page = null;
      return Optional.empty();
    } catch (IOException e) {
      page = null;
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("interrupted", e);
    }
  }

  private static HttpResponse<String> send(String url, String token)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(DEADLINE);
    if (!token.isEmpty()) {
      request.header("X-Akkord-Token", token);
    }
    return HttpClient.newBuilder()
        .connectTimeout(DEADLINE)
        .build()
        .send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public void close() {
    runs.close();
  }
}
