package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.dashboard.LiveRun;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.run.ActorTree;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunListener;
import io.akkord.actors.run.TimedEvent;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.model.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose page dies in the middle of it and comes back, against one that has none. */
class DashboardMidRunTest {
  private static final int STEPS = 10;
  private static final int DIES_AT = 2;
  private static final int BACK_AT = 6;

  @TempDir private Path folder;

  @BeforeEach
  void data() throws IOException {
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(
          folder.resolve("train.jsonl"),
          lines.limit(12).collect(Collectors.joining("\n", "", "\n")));
    }
  }

  private TrainingRun start(String name, RunListener listener) {
    String recipe =
        """
        model_name_or_path: "%s"
        train_file: train.jsonl
        output_dir: "%s"
        global_batch_size: 4
        micro_batch_size: 4
        logical_shards: 1
        max_steps: %d
        max_length: 96
        too_long: truncate
        rewrite: off
        """
            .formatted(TestModels.stories260K().toAbsolutePath(), folder.resolve(name), STEPS);
    return TrainingRun.start(
        new TrainOptions(
            RecipeReader.parse("recipe.yaml", recipe, folder, List.of()),
            Settings.read(ConfigFactory.load()),
            1,
            false,
            line -> {},
            listener));
  }

  private static void finishes(TrainingRun run) throws Exception {
    assertThat(run.result().toCompletableFuture().get(120, TimeUnit.SECONDS).finished()).isTrue();
  }

  /** The page of a run in this process; events reach the model whether it is served or not. */
  private static final class Page implements RunListener {
    private final RunSet runs;
    private final Path output;
    private final CompletableFuture<TrainingRun> begun = new CompletableFuture<>();
    private DashboardServer server;
    private JsonNode asked;

    Page(Path output) {
      this.output = output;
      runs = RunSet.beside(output);
      server = open(0);
    }

    private DashboardServer open(int port) {
      return DashboardServer.start(
          new DashboardOptions("127.0.0.1", port, 0), runs, Token.random(), line -> {});
    }

    @Override
    public void on(RunEvent event) {
      runs.begin(output).on(new TimedEvent(System.currentTimeMillis(), event));
      if (event instanceof RunEvent.Step step && step.report().step() == DIES_AT) {
        runs.begin(output).follow(new Live(begun.join()));
        server.close();
      } else if (event instanceof RunEvent.Step step && step.report().step() == BACK_AT) {
        int port = server.port();
        server = open(port);
        try {
          asked = new ObjectMapper().readTree(Http.ask(port, "GET", "/api/v1/steps").body());
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
      }
    }

    void close() {
      server.close();
      runs.close();
    }
  }

  private record Live(TrainingRun run) implements LiveRun {
    @Override
    public void stop(String reason) {
      run.stop(reason);
    }

    @Override
    public LedgerReader ledger() {
      return run.ledger();
    }

    @Override
    public List<ActorTree.Row> actors() {
      return run.actors();
    }

    @Override
    public List<String> devices() {
      return List.of("cpu:0");
    }

    @Override
    public List<NodeBoard.Node> nodes() {
      return List.of();
    }
  }

  @Test
  void aPageThatDiesAndComesBackInMidRunChangesNothingOfTheRun() throws Exception {
    finishes(start("alone", event -> {}));
    Page page = new Page(folder.resolve("watched"));
    try {
      TrainingRun run = start("watched", page);
      page.begun.complete(run);
      finishes(run);
    } finally {
      page.close();
    }
    assertThat(page.asked.path("committed_steps").asInt()).isEqualTo(BACK_AT + 1);
    assertThat(page.asked.path("rows")).as("those while it was dead, too").hasSize(BACK_AT + 1);
    assertThat(folder.resolve("watched/model.safetensors"))
        .hasSameBinaryContentAs(folder.resolve("alone/model.safetensors"));
    assertThat(Files.readAllLines(folder.resolve("watched/metrics.jsonl"))).hasSize(STEPS);
  }
}
