package io.akkord.actors;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.cluster.Formation;
import io.akkord.actors.content.ContentFetcher;
import io.akkord.actors.content.ContentKeeper;
import io.akkord.actors.content.ContentManifest;
import io.akkord.actors.content.ContentServer;
import io.akkord.actors.job.JobManager;
import io.akkord.actors.node.ClusterWatch;
import io.akkord.actors.node.NodeAgent;
import io.akkord.actors.node.NodeBoards;
import io.akkord.actors.node.NodeLine;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.ParameterShard;
import io.akkord.actors.rewrite.Rewriter;
import io.akkord.actors.run.ActorTree;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.takeover.SliceSurvey;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.actors.worker.WorkerHost;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProtocolsTest {
  private static final Config CONFIG =
      ConfigFactory.parseResources("akkord-actors.conf").withFallback(ConfigFactory.load());
  private static final ActorTestKit KIT = ActorTestKit.create(CONFIG);

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        Supervisor.class,
        ParameterServer.class,
        ParameterShard.class,
        GpuWorker.class,
        WorkerHost.class,
        Rewriter.class,
        Checkpointer.class,
        ContentServer.class,
        ContentFetcher.class,
        ContentKeeper.class,
        JobManager.class,
        ClusterWatch.class,
        NodeAgent.class,
        SliceSurvey.class,
        Formation.class
      })
  void everyPublicMessageSurvivesTheWire(Class<?> actor) {
    Class<?>[] commands =
        Arrays.stream(actor.getDeclaredClasses())
            .filter(c -> c.getSimpleName().equals("Command"))
            .findFirst()
            .orElseThrow()
            .getPermittedSubclasses();
    assertThat(new ProtocolWalk(KIT).walk(actor))
        .containsAll(
            Arrays.stream(commands)
                .filter(c -> Modifier.isPublic(c.getModifiers()))
                .filter(Class::isRecord)
                .toList());
  }

  @Test
  void aManifestSurvivesTheWire() {
    var file = new ContentManifest.Entry("model.safetensors", 5L << 40, "0".repeat(64));
    new ProtocolWalk(KIT).roundTrip(ContentManifest.of("/models/a", List.of(file)));
  }

  @Test
  void aNodesReportSurvivesTheWire() {
    new ProtocolWalk(KIT)
        .roundTrip(
            NodeBoards.report(
                "a",
                7,
                List.of(new ActorTree.Row("host-of-a/worker", 1, "running", 3)),
                new NodeLine(1, 2, "warn", "node", "late")));
  }

  @Test
  void javaSerializationIsOff() {
    assertThat(CONFIG.getBoolean("akka.actor.allow-java-serialization")).isFalse();
  }
}
