package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.job.ClusterControl;
import io.akkord.actors.job.Job;
import io.akkord.actors.job.JobManager;
import io.akkord.actors.job.Order;
import io.akkord.actors.node.NodeBoard;
import io.akkord.model.TestModels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Jobs over HTTP: a recipe and nothing else, from who has the token and nobody else. */
class ControlRoutesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SECRET = "0123456789abcdef";
  private static final String TOKEN = "X-Akkord-Token";

  @TempDir static Path folder;
  private static final List<Order> TAKEN = new CopyOnWriteArrayList<>();
  private static ActorTestKit kit;
  private static RunSet runs;
  private static ControlRoutes control;
  private static DashboardServer server;
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeAll
  static void aHead() throws IOException {
    kit = ActorTestKit.create();
    runs = RunSet.empty();
    Files.writeString(folder.resolve("secret.log"), "nobody may read this");
    ActorRef<JobManager.Command> jobs =
        kit.spawn(
            Behaviors.receive(JobManager.Command.class)
                .onMessage(
                    JobManager.Submit.class,
                    submit -> {
                      TAKEN.add(submit.order());
                      submit.replyTo().tell(new JobManager.Answer("job-1", ""));
                      return Behaviors.same();
                    })
                .onMessage(
                    JobManager.GetJobs.class,
                    get -> {
                      get.replyTo().tell(new JobManager.Listing(List.of(row()), 1, "head"));
                      return Behaviors.same();
                    })
                .build());
    Path logs = Files.createDirectory(folder.resolve("jobs"));
    Files.writeString(logs.resolve("job-1.log"), "hello\n");
    control = new ControlRoutes(new ClusterControl(kit.system(), jobs, new NodeBoard()), logs);
    server = serve();
  }

  private static DashboardServer serve() {
    return DashboardServer.start(
        new DashboardOptions("127.0.0.1", 0, 0),
        runs,
        Token.of(SECRET),
        Optional.of(control),
        line -> {});
  }

  private static JobManager.Row row() {
    Order order =
        new Order(
            "recipe.yaml",
            "",
            "/",
            "/",
            List.of(),
            1,
            false,
            List.of(),
            folder.resolve("x").toString());
    return new JobManager.Row(
        new Job("job-1", order, Job.State.RUNNING, 1, "head", "", 0, false, 1, 1, 0), "");
  }

  @AfterAll
  static void stop() {
    server.close();
    runs.close();
    kit.shutdownTestKit();
  }

  @BeforeEach
  void listen() {
    TAKEN.clear();
    log.start();
    root().addAppender(log);
  }

  @AfterEach
  void listenNoMore() {
    root().detachAppender(log);
  }

  private static Logger root() {
    return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  private static ObjectNode wish() {
    ObjectNode wish = JSON.createObjectNode();
    wish.put("source", "recipe.yaml");
    wish.put(
        "recipe",
        "model_name_or_path: %s\ntrain_file: %s\noutput_dir: %s\n"
            .formatted(
                TestModels.stories260K().toAbsolutePath(),
                TestModels.mixedStories().toAbsolutePath(),
                folder.resolve("out")));
    wish.put("folder", folder.toString());
    wish.put("directory", folder.toString());
    return wish;
  }

  private static Http.Reply post(String body, String... headers) throws IOException {
    return post(server, body, headers);
  }

  private static Http.Reply post(DashboardServer to, String body, String... headers)
      throws IOException {
    return Http.post(to.port(), "/api/v1/jobs", body, headers);
  }

  private static String error(Http.Reply reply) throws IOException {
    JsonNode answer = JSON.readTree(reply.body());
    return answer.path("error").asText();
  }

  private void assertRefused(ObjectNode wish, String text) throws IOException {
    Http.Reply reply = post(wish.toString(), TOKEN, SECRET);
    assertThat(reply.status()).as(reply.body()).isEqualTo(400);
    assertThat(error(reply)).contains(text);
    assertThat(TAKEN).isEmpty();
  }

  @Test
  void aRecipeIsTaken() throws IOException {
    Http.Reply reply = post(wish().put("workers", 3).toString(), TOKEN, SECRET);
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    assertThat(TAKEN).hasSize(1);
    assertThat(TAKEN.get(0).workers()).isEqualTo(3);
    assertThat(TAKEN.get(0).outputDir()).isEqualTo(folder.resolve("out").toString());
    assertThat(log.list).isEmpty();
  }

  @Test
  void aRecipeOfManyKilobytesIsTaken() throws IOException {
    ObjectNode wish = wish();
    wish.put("recipe", wish.path("recipe").asText() + "# remark\n".repeat(20_000));
    Http.Reply reply = post(wish.toString(), TOKEN, SECRET);
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"command", "entrypoint", "env", "runtime_env", "Recipe", "jvm_options"})
  void whatIsNoRecipeIsRefusedByName(String key) throws IOException {
    assertRefused(
        wish().put(key, "rm -rf /"), "a job is a recipe and nothing else: unknown [" + key + "]");
  }

  @Test
  void valuesOfAnotherTypeAreRefused() throws IOException {
    assertRefused(wish().put("workers", "many"), "workers is \"many\"");
    assertRefused(wish().put("workers", 0), "workers is 0; a number from 1");
    assertRefused(wish().put("resume", "yes"), "resume is \"yes\"; true or false");
    assertRefused(wish().put("sets", "beta=1"), "sets is no list of texts");
    assertRefused(wish().put("resume_anyway", true), "resume_anyway is no list of texts");
    assertRefused(
        wish().set("resume_anyway", wish().arrayNode().add("data")),
        "resume_anyway goes with resume: true only");
    assertRefused(wish().put("recipe", 7), "the body has no text 'recipe'");
    assertRefused(wish().put("folder", "a\0b"), "is no path");
    assertThat(post("[1]", TOKEN, SECRET).status()).isEqualTo(400);
    assertThat(post("{", TOKEN, SECRET).status()).isEqualTo(400);
    assertThat(post("", TOKEN, SECRET).status()).isEqualTo(400);
  }

  @Test
  void whatIsWrongWithARecipeIsSaidAtOnceInItsOwnWords() throws IOException {
    assertRefused(wish().put("recipe", "learning_rat: 1\n"), "learning_rat");
    ObjectNode set = wish();
    set.withArray("sets").add("no_such_key=1");
    assertRefused(set, "no_such_key");
  }

  @Test
  void aHugeBodyIsRefusedAndTheServerGoesOn() throws IOException {
    Http.Reply reply = post("{\"recipe\": \"" + "x".repeat(2 << 20) + "\"}", TOKEN, SECRET);
    assertThat(reply.status()).isEqualTo(413);
    aRecipeIsTaken();
  }

  @Test
  void strangersAreRefusedAndToldInTheLogWithWhereTheyCameFrom() throws IOException {
    String body = wish().toString();
    // One of its own: only so many lines are told in some seconds.
    try (DashboardServer own = serve()) {
      assertThat(post(own, body).status()).isEqualTo(401);
      assertThat(post(own, body, TOKEN, "wrong").status()).isEqualTo(401);
      assertThat(post(own, body, TOKEN, SECRET, "Origin", "http://evil.example").status())
          .isEqualTo(403);
      assertThat(post(own, body, TOKEN, SECRET, "Host", "evil.example").status()).isEqualTo(421);
      assertThat(post(own, "{", TOKEN, SECRET).status()).isEqualTo(400);
    }
    assertThat(TAKEN).isEmpty();
    String who = "refused POST /api/v1/jobs of 127.0.0.1 with ";
    Awaitility.await()
        .untilAsserted(
            () -> {
              List<String> told =
                  log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
              assertThat(told.toString())
                  .contains(who + "401: the header X-Akkord-Token is missing")
                  .contains(who + "401: X-Akkord-Token is wrong")
                  .contains(who + "403: a page of another site")
                  .contains(who + "421: this server does not answer under the name")
                  .contains(who + "400: the body is no JSON");
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jobs/../secret/logs",
        "jobs/..%2Fsecret/logs",
        "jobs/%2e%2e%2fsecret/logs",
        "jobs/..%5csecret/logs",
        "jobs/job-1%00/logs",
        "jobs//secret/logs"
      })
  void aJobsPathLeadsNowhereElse(String path) throws IOException {
    Http.Reply reply = Http.ask(server.port(), "GET", "/api/v1/" + path);
    assertThat(reply.status()).isBetween(400, 404);
    assertThat(reply.body()).doesNotContain("nobody may read");
  }

  @Test
  void aJobsLogIsRead() throws IOException {
    Http.Reply reply = Http.ask(server.port(), "GET", "/api/v1/jobs/job-1/logs");
    assertThat(JSON.readTree(reply.body().getBytes(StandardCharsets.UTF_8)).path("text").asText())
        .isEqualTo("hello\n");
  }
}
