package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.job.ClusterControl;
import io.akkord.actors.job.Job;
import io.akkord.actors.job.JobManager;
import io.akkord.actors.job.Order;
import io.akkord.actors.node.NodeBoards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a head answers: of its cluster and jobs, and of runs before there is one. */
class DashboardHeadTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Order ORDER =
      new Order("recipe.yaml", "seed: 1", "/data", "/home", List.of(), 2, false, List.of(), "/out");
  private static ActorTestKit kit;
  private static ClusterControl control;

  @TempDir private Path logs;
  private Api api;

  @BeforeAll
  static void startCluster() {
    kit = ActorTestKit.create(ConfigFactory.parseString("akka.actor.provider = local"));
    control =
        new ClusterControl(kit.system(), kit.spawn(jobs(), "jobs"), NodeBoards.twoNodesOneDead());
  }

  @AfterAll
  static void stop() {
    kit.shutdownTestKit();
  }

  private static Job job(String id, Job.State state) {
    return new Job(id, ORDER, state, 1, "head-1", "so", 7, false, 1_000, 2_000, 0);
  }

  private static Behavior<JobManager.Command> jobs() {
    return Behaviors.receive(JobManager.Command.class)
        .onMessage(
            JobManager.GetJobs.class,
            get -> {
              get.replyTo()
                  .tell(
                      new JobManager.Listing(
                          List.of(
                              new JobManager.Row(job("job-1", Job.State.RUNNING), ""),
                              new JobManager.Row(
                                  job("job-2", Job.State.PENDING), "wants 2 workers")),
                          1,
                          "head-1"));
              return Behaviors.same();
            })
        .build();
  }

  @BeforeEach
  void head() throws IOException {
    Files.writeString(logs.resolve("job-1.log"), "attempt 1 begins\nstep 1\n");
    api =
        new Api(
            RunSet.empty(),
            System::currentTimeMillis,
            Optional.of(new ControlRoutes(control, logs)));
  }

  private JsonNode get(String path, Map<String, String> query) throws IOException {
    List<String> segments = new ArrayList<>(List.of("api", "v1"));
    segments.addAll(List.of(path.split("/")));
    return JSON.readTree(api.answer(new Question("GET", segments, query, Map.of())).body());
  }

  private JsonNode get(String path) throws IOException {
    return get(path, Map.of());
  }

  /** Of every path in the file, but for those of one run or sample, of which there is none. */
  static Stream<String> paths() {
    List<String> paths = new ArrayList<>();
    OpenApi.document()
        .path("paths")
        .fields()
        .forEachRemaining(
            path -> {
              String name = path.getKey().substring("/api/v1/".length());
              boolean ofOne = name.startsWith("runs/") || name.startsWith("samples/");
              if (path.getValue().has("get") && !ofOne && !name.equals("live")) {
                paths.add(name);
              }
            });
    return paths.stream();
  }

  @ParameterizedTest
  @MethodSource("paths")
  void everyPathAnswersInItsShapeThoughNoRunIsThereYet(String path) throws IOException {
    JsonNode document = OpenApi.document();
    JsonNode schema =
        document
            .path("paths")
            .path("/api/v1/" + path)
            .at("/get/responses/200/content/application~1json/schema");
    JsonNode answer = get(path.replace("{id}", "job-1"));
    if (!path.equals("openapi.json")) {
      assertThat(Shapes.wrong(document, schema, answer)).isEmpty();
    }
  }

  @Test
  void thereAreAsManyPathsAsMeant() {
    assertThat(paths()).contains("cluster", "jobs", "jobs/{id}", "jobs/{id}/logs", "overview");
  }

  @Test
  void nodesAreShownBeforeTheFirstJobAndListsAreEmpty() throws IOException {
    assertThat(get("nodes").at("/rows/0/node").asText()).isEqualTo("alive");
    assertThat(get("overview").path("run").isNull()).isTrue();
    for (String list : List.of("runs", "actors", "steps", "samples", "rewrites", "checkpoints")) {
      assertThat(get(list).path("rows").isArray()).as(list).isTrue();
      assertThat(get(list).path("rows")).as(list).isEmpty();
    }
    assertThat(get("logs").path("rows").findValuesAsText("source")).contains("alive", "dead");
    assertThatThrownBy(() -> get("nodes", Map.of("run", "gone")))
        .isInstanceOf(Refused.class)
        .hasMessage("no such run");
    assertThatThrownBy(() -> get("samples/a")).hasMessage("no run yet");
  }

  @Test
  void jobsAndTheClusterAreAsTheActorsSay() throws IOException {
    JsonNode cluster = get("cluster");
    assertThat(cluster.at("/running/0/job").asText()).isEqualTo("job-1");
    assertThat(cluster.at("/pending/0/why").asText()).isEqualTo("wants 2 workers");
    assertThat(cluster.at("/failures/0/what").asText()).startsWith("was lost");
    assertThat(get("jobs").at("/rows/0/job").asText()).as("newest first").isEqualTo("job-2");
    JsonNode log = get("jobs/job-1/logs", Map.of("from", "17"));
    assertThat(log.path("text").asText()).isEqualTo("step 1\n");
    assertThat(log.path("next").asInt()).isEqualTo(24);
  }

  @Test
  void theLiveStreamSaysThatThereIsNoRunInsteadOfAnError() throws Exception {
    try (RunSet none = RunSet.empty();
        DashboardServer server =
            DashboardServer.start(
                new DashboardOptions("127.0.0.1", 0, 0),
                none,
                Token.random(),
                Optional.of(new ControlRoutes(control, logs)),
                line -> {});
        var socket = Http.open(server.port(), "GET", "/api/v1/live")) {
      StringBuilder text = new StringBuilder();
      while (!text.toString().contains("\"notes\":[]")) {
        text.append((char) socket.getInputStream().read());
      }
      assertThat(text).contains("\"run\":null").doesNotContain("error");
    }
  }
}
