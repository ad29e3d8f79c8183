package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.model.TestModels;
import java.io.IOException;
import java.net.Socket;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The server before a real small run that is over: what it promises, and what it lets nobody do.
 */
class DashboardServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SECRET = "0123456789abcdef";

  @TempDir static Path folder;
  private static RunSet runs;
  private static DashboardServer server;

  @BeforeAll
  static void train() throws Exception {
    List<String> rows = new ArrayList<>();
    try (var lines = Files.lines(TestModels.mixedStories())) {
      lines.limit(16).forEach(rows::add);
    }
    rows.add(
        JSON.writeValueAsString(
            Map.of("id", "../../etc/passwd", "prompt", "Once", "completion", " upon a time")));
    Files.write(folder.resolve("train.jsonl"), rows);
    TrainingRun run =
        TrainingRun.start(
            new TrainOptions(
                RecipeReader.parse("recipe.yaml", recipe(), folder, List.of()),
                Settings.read(ConfigFactory.load()),
                1,
                false,
                line -> {},
                event -> {}));
    assertThat(run.result().toCompletableFuture().get(120, TimeUnit.SECONDS).finished()).isTrue();
    Files.writeString(folder.resolve("secret"), "nobody may read this");
    runs = RunSet.around(folder.resolve("run"));
    server =
        DashboardServer.start(
            new DashboardOptions("127.0.0.1", 0, 0), runs, Token.of(SECRET), line -> {});
    Awaitility.await().until(() -> runs.find("").orElseThrow().loaded());
  }

  private static String recipe() {
    return """
    model_name_or_path: "%s"
    train_file: train.jsonl
    eval_file: train.jsonl
    output_dir: "%s"
    global_batch_size: 8
    micro_batch_size: 4
    logical_shards: 2
    max_steps: 8
    max_length: 128
    too_long: truncate
    rewrite: {warmup: 3, every: 3, fraction: 0.3, probability: 1.0, min_visits: 1, max_new_tokens: 32}
    eval_steps: 4
    save_steps: 4
    """
        .formatted(TestModels.stories260K().toAbsolutePath(), folder.resolve("run"));
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
      runs.close();
    }
  }

  private static JsonNode get(String path) throws IOException {
    Http.Reply reply = Http.ask(server.port(), "GET", "/api/v1/" + path);
    assertThat(reply.status()).as("%s: %s", path, reply.body()).isEqualTo(200);
    return JSON.readTree(reply.body());
  }

  /** Each path with something in place of its parameters. */
  private static Map<String, String> asked() throws IOException {
    String run = get("runs").path("main").asText();
    String sample = get("samples").path("rows").get(0).path("id").asText();
    Map<String, String> asked = new HashMap<>();
    OpenApi.document()
        .path("paths")
        .fieldNames()
        .forEachRemaining(
            path -> {
              String id = path.contains("/samples/") ? sample : run;
              asked.put(
                  path.substring("/api/v1/".length()),
                  path.substring("/api/v1/".length())
                      .replace("{id}", URLEncoder.encode(id, StandardCharsets.UTF_8)));
            });
    return asked;
  }

  private static boolean forHeads(JsonNode operation) {
    return operation.path("tags").toString().contains("head");
  }

  @Test
  void everyRouteIsInTheFileWithItsParametersAndNothingElseIs() {
    Set<String> described = new TreeSet<>();
    OpenApi.document()
        .path("paths")
        .fields()
        .forEachRemaining(
            path ->
                path.getValue()
                    .fields()
                    .forEachRemaining(
                        method ->
                            described.add(
                                line(method.getKey(), path.getKey(), method.getValue()))));
    Api head =
        new Api(runs, System::currentTimeMillis, Optional.of(new ControlRoutes(null, folder)));
    Set<String> served = new TreeSet<>(Set.of("get /api/v1/live [run] head=false"));
    Set<String> everywhere =
        new Api(runs, System::currentTimeMillis)
            .routes().stream().map(r -> r.method() + r.path()).collect(Collectors.toSet());
    for (Api.Route route : head.routes()) {
      served.add(
          "%s /api/v1/%s %s head=%s"
              .formatted(
                  route.method().toLowerCase(java.util.Locale.ROOT),
                  route.path(),
                  new TreeSet<>(route.parameters()),
                  !everywhere.contains(route.method() + route.path())));
    }
    assertThat(described).isEqualTo(served);
  }

  private static String line(String method, String path, JsonNode operation) {
    Set<String> query = new TreeSet<>();
    boolean token = false;
    for (JsonNode parameter : operation.path("parameters")) {
      if (parameter.path("in").asText().equals("query")) {
        query.add(parameter.path("name").asText());
      }
      token |= parameter.path("name").asText().equals("X-Akkord-Token");
    }
    assertThat(token)
        .as("%s %s says that it needs the token", method, path)
        .isEqualTo(method.equals("post"));
    return "%s %s %s head=%s".formatted(method, path, query, forHeads(operation));
  }

  @Test
  void everyPathInTheFileAnswersInTheShapeItDescribes() throws IOException {
    JsonNode document = get("openapi.json");
    int count = 0;
    for (Map.Entry<String, String> path : asked().entrySet()) {
      JsonNode operation = document.path("paths").path("/api/v1/" + path.getKey()).path("get");
      if (operation.isMissingNode()
          || forHeads(operation)
          || path.getKey().equals("live")
          || path.getKey().equals("openapi.json")) {
        continue;
      }
      JsonNode schema = operation.at("/responses/200/content/application~1json/schema");
      assertThat(Shapes.wrong(document, schema, get(path.getValue()))).as(path.getKey()).isEmpty();
      count++;
    }
    assertThat(count).isGreaterThanOrEqualTo(14);
    JsonNode steps = get("steps?limit=3").path("rows");
    assertThat(steps).hasSize(3);
    assertThat(get("rewrites").path("rows")).as("rewrites to describe").isNotEmpty();
    assertThat(get("checkpoints").path("rows")).isNotEmpty();
    assertThat(get("overview").path("evals")).isNotEmpty();
  }

  @Test
  void theRunsOwnFiguresOutliveItsProcesses() throws IOException {
    JsonNode overview = get("overview");
    assertThat(overview.path("run").path("state").asText()).isEqualTo("finished");
    assertThat(overview.path("run").path("committed_steps").asInt()).isEqualTo(8);
    assertThat(get("samples").path("source").asText()).isEqualTo("journal");
    assertThat(get("samples").path("samples").asInt()).isEqualTo(17);
    assertThat(get("checkpoints").path("rows").get(0).path("sha256").asText()).hasSize(64);
  }

  private static int refused(String path) throws IOException {
    return Http.ask(server.port(), "GET", "/api/v1/" + path).status();
  }

  @Test
  void curvesGoAgainstStepsTokensOrTime() throws IOException {
    String curves = "runs/" + get("runs").path("main").asText() + "/curves?names=loss&x=";
    JsonNode steps = get(curves + "step");
    assertThat(numbers(steps.path("xs"))).isEqualTo(numbers(steps.path("steps"))).hasSize(8);
    List<Double> tokens = numbers(get(curves + "tokens").path("xs"));
    List<Double> time = numbers(get(curves + "time").path("xs"));
    JsonNode run = get("overview").path("run");
    assertThat(tokens).isSorted().doesNotHaveDuplicates();
    assertThat(tokens.get(7)).isEqualTo(run.path("tokens").asDouble());
    assertThat(time).isSorted().hasSize(8);
    assertThat(time.get(7))
        .isCloseTo(run.path("seconds").asDouble(), org.assertj.core.api.Assertions.within(1e-3));
    assertThat(refused(curves + "moon")).isEqualTo(400);
  }

  private static List<Double> numbers(JsonNode array) {
    List<Double> numbers = new ArrayList<>();
    array.forEach(number -> numbers.add(number.asDouble()));
    return numbers;
  }

  private static Set<String> distinct(String path, String column) throws IOException {
    Set<String> values = new TreeSet<>();
    get(path).path("rows").forEach(row -> values.add(row.path(column).asText()));
    return values;
  }

  @Test
  void logsAreThoseOfALevelAndAboveAndOfWhoeverIsNamed() throws IOException {
    RunView view = runs.find("").orElseThrow();
    view.log(1, "debug", "chatty", "d");
    view.log(2, "warn", "disk", "w");
    view.log(3, "error", "disk", "e");
    assertThat(distinct("logs", "level")).containsExactly("debug", "error", "info", "warn");
    assertThat(distinct("logs?level=info", "level")).containsExactly("error", "info", "warn");
    assertThat(distinct("logs?level=warn", "level")).containsExactly("error", "warn");
    assertThat(distinct("logs?level=error", "level")).containsExactly("error");
    assertThat(refused("logs?level=loud")).isEqualTo(400);
    assertThat(distinct("logs?actor=disk", "actor")).containsExactly("disk");
    assertThat(distinct("logs?actor=disk&level=error", "text")).containsExactly("e");
    assertThat(distinct("logs?actor=nobody", "actor")).isEmpty();
    assertThat(get("logs").path("actors").toString()).contains("disk", "chatty", "checkpointer");
  }

  @Test
  void samplesAreFilteredByOriginRevisionAndVisits() throws IOException {
    JsonNode all = get("samples");
    String origin = all.path("origins").get(0).asText();
    assertThat(distinct("samples?origin=" + origin, "origin")).containsExactly(origin);
    int matching = 0;
    for (String answer : List.of("yes", "no")) {
      JsonNode some = get("samples?revised=" + answer);
      matching += some.path("matching").asInt();
      some.path("rows")
          .forEach(
              row -> assertThat(row.path("revision").asInt() > 0).isEqualTo(answer.equals("yes")));
      JsonNode visited = get("samples?visited=" + answer);
      visited
          .path("rows")
          .forEach(row -> assertThat(row.path("average").isNull()).isEqualTo(answer.equals("no")));
    }
    assertThat(matching).isEqualTo(all.path("matching").asInt()).isEqualTo(17);
    assertThat(refused("samples?revised=maybe")).isEqualTo(400);
    assertThat(refused("samples?sort=beauty")).isEqualTo(400);
  }

  @Test
  void theLiveStreamBeginsWithTheOverview() throws IOException {
    try (Socket socket = Http.open(server.port(), "GET", "/api/v1/live")) {
      StringBuilder text = new StringBuilder();
      while (!text.toString().contains("\n\ndata") && !text.toString().contains("sparks")) {
        text.append((char) socket.getInputStream().read());
      }
      assertThat(text).contains("text/event-stream", "event: overview\ndata: {\"now\":");
    }
  }

  /** Raw, so that no client tidies them up. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/../secret",
        "/..%2fsecret",
        "/%2e%2e/secret",
        "/%2e%2e%2fsecret",
        "/web/../../secret",
        "/....//secret",
        "/api/v1/runs/..%2f..%2fsecret",
        "/api/v1/runs/%2e%2e/curves",
        "/api/v1/checkpoints?run=../secret",
        "/api/v1/logs?run=..%2fsecret",
        "/api/v1/settings?run=%2fetc%2fpasswd",
        "/api/v1/samples/..%2f..%2fsecret",
        "/secret",
        "//etc/passwd",
        "/run/run.json",
        "/dashboard-token",
        "/app.js%00.html"
      })
  void noPathLeadsToAFile(String target) throws IOException {
    Http.Reply reply = Http.ask(server.port(), "GET", target);
    assertThat(reply.status()).as(reply.body()).isBetween(400, 499);
    assertThat(reply.body()).doesNotContain("nobody may read this", "root:", SECRET);
  }

  @Test
  void anIdThatLooksLikeAPathIsAnIdLikeAnyOther() throws IOException {
    JsonNode sample = get("samples/" + "..%2F..%2Fetc%2Fpasswd");
    assertThat(sample.path("id").asText()).isEqualTo("../../etc/passwd");
    assertThat(sample.path("completion").asText()).contains("upon a time");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/app.js", "/api/v1/runs", "/nothing", "/api/v1/nothing"})
  void everyAnswerForbidsInlineScriptsFramesAndGuessing(String path) throws IOException {
    Map<String, String> headers = Http.ask(server.port(), "GET", path).headers();
    String policy = headers.get("content-security-policy");
    assertThat(policy)
        .contains("default-src 'none'", "script-src 'self';", "frame-ancestors 'none'")
        .doesNotContain("unsafe", "http:", "https:", "*");
    assertThat(headers.get("x-content-type-options")).isEqualTo("nosniff");
    assertThat(headers.get("x-frame-options")).isEqualTo("DENY");
    assertThat(headers).doesNotContainKey("access-control-allow-origin");
  }

  @Test
  void thePageHasNoInlineScriptNoInlineStyleAndNoOtherHost() throws IOException {
    String page = Http.ask(server.port(), "GET", "/").body();
    assertThat(page.replaceAll("<script[^>]*src=\"[\\w.-]+\"[^>]*></script>", ""))
        .doesNotContain("<script", "<style", " style=", "javascript:", "http:", "https:");
    for (String file : Pages.FILES) {
      String text = Http.ask(server.port(), "GET", "/" + file).body();
      assertThat(text).as(file).doesNotContain("innerHTML", "eval(", "document.write");
      assertThat(text.replace("http://www.w3.org/", "")).as(file).doesNotContain("//cdn", "http:");
    }
  }

  @Test
  void overTheWireHostOriginAndTokenAreChecked() throws IOException {
    int port = server.port();
    assertThat(Http.ask(port, "GET", "/api/v1/runs", "Host", "evil.example").status())
        .isEqualTo(421);
    assertThat(Http.ask(port, "GET", "/api/v1/runs", "Origin", "http://evil.example").status())
        .isEqualTo(403);
    String stop = "/api/v1/runs/" + get("runs").path("main").asText() + "/stop";
    assertThat(Http.ask(port, "POST", stop, "Content-Length", "0").status()).isEqualTo(401);
    Http.Reply right =
        Http.ask(port, "POST", stop, "Content-Length", "0", "X-Akkord-Token", SECRET);
    assertThat(right.status()).as("the run has ended").isEqualTo(409);
  }

  @Test
  void beyondLoopbackNothingIsToldWithoutTheTokenWhichIsNotInTheAddress() throws IOException {
    try (DashboardServer open =
        DashboardServer.start(
            new DashboardOptions("0.0.0.0", 0, 0), runs, Token.of(SECRET), line -> {})) {
      assertThat(open.url()).isEqualTo("http://0.0.0.0:" + open.port());
      assertThat(Http.ask(open.port(), "GET", "/").status()).isEqualTo(200);
      for (String path : List.of("/api/v1/runs", "/api/v1/live", "/metrics")) {
        assertThat(Http.ask(open.port(), "GET", path).status()).as(path).isEqualTo(401);
      }
      assertThat(Http.ask(open.port(), "GET", "/api/v1/runs", "X-Akkord-Token", SECRET).status())
          .isEqualTo(200);
    }
  }

  @Test
  void clientsThatNeverReadKeepNeitherTheRunNorOthersWaiting() throws Exception {
    RunView view = runs.find("").orElseThrow();
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        slow.add(Http.open(server.port(), "GET", "/api/v1/live"));
      }
      long longest = 0;
      for (int i = 0; i < 2_000; i++) {
        long start = System.nanoTime();
        view.on(new TimedEvent(1, new RunEvent.Note("note " + i)));
        longest = Math.max(longest, System.nanoTime() - start);
        Thread.sleep(1);
      }
      assertThat(longest).as("nanoseconds an event waited").isLessThan(1_000_000_000L);
      assertThat(get("overview").path("run").path("committed_steps").asInt()).isEqualTo(8);
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  @Test
  void aServerThatDiesAndComesBackTellsTheSame() throws IOException {
    JsonNode before = get("runs");
    try (RunSet again = RunSet.around(folder.resolve("run"))) {
      int port;
      try (DashboardServer first =
          DashboardServer.start(
              new DashboardOptions("127.0.0.1", 0, 0), again, Token.random(), line -> {})) {
        port = first.port();
      }
      try (DashboardServer second =
          DashboardServer.start(
              new DashboardOptions("127.0.0.1", port, 0), again, Token.random(), line -> {})) {
        assertThat(second.port()).isEqualTo(port);
        Awaitility.await().until(() -> again.find("").orElseThrow().loaded());
        JsonNode after = JSON.readTree(Http.ask(port, "GET", "/api/v1/runs").body());
        assertThat(after.at("/rows/0/last")).isEqualTo(before.at("/rows/0/last"));
      }
    }
  }
}
