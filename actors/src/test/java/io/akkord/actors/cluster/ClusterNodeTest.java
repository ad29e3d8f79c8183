package io.akkord.actors.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.receptionist.Receptionist;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.content.ContentManifest;
import io.akkord.actors.content.ContentServer;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.worker.Devices;
import io.akkord.actors.worker.RunSpec;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.config.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node that is asked to end. */
class ClusterNodeTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path folder;
  private final Devices devices = new Devices(List.of("w"));
  private ClusterNode node;

  @BeforeEach
  void start() {
    node =
        ClusterNode.start(
            new ClusterNode.Options(
                "127.0.0.1",
                0,
                List.of(),
                "token",
                List.of(ClusterNode.CONTROL, ClusterNode.WORKER),
                ConfigFactory.empty()));
    node.offer("w", devices, 0, Settings.read(ConfigFactory.load()));
  }

  @AfterEach
  void end() {
    node.close();
    devices.close();
  }

  private ActorRef<WorkerHost.Command> host() {
    TestProbe<Receptionist.Listing> probe = TestProbe.create(node.system());
    node.system().receptionist().tell(Receptionist.subscribe(WorkerHost.KEY, probe.ref()));
    Receptionist.Listing listing;
    do {
      listing = probe.receiveMessage(LONG);
    } while (listing.getServiceInstances(WorkerHost.KEY).isEmpty());
    return listing.getServiceInstances(WorkerHost.KEY).iterator().next();
  }

  /** A file that is here and no model: the host looks at it and is done. */
  private ContentManifest content() throws Exception {
    byte[] bytes = {1, 2, 3};
    Files.write(folder.resolve("file"), bytes);
    String sha = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    return ContentManifest.of(
        folder.toString(), List.of(new ContentManifest.Entry("file", bytes.length, sha)));
  }

  @Test
  void itStaysUntilItsRunsLetItGo() throws Exception {
    ActorRef<WorkerHost.Command> host = host();
    TestProbe<Supervisor.Command> supervisor = TestProbe.create(node.system());
    TestProbe<ContentServer.Command> server = TestProbe.create(node.system());
    TestProbe<ParameterServer.Command> parameters = TestProbe.create(node.system());
    TestProbe<Ledger.Command> ledger = TestProbe.create(node.system());
    RunSpec spec = new RunSpec("run", 1, "", content(), content(), server.ref(), 1, 1);
    host.tell(new WorkerHost.StartWorker(spec, parameters.ref(), ledger.ref(), supervisor.ref()));
    assertThat(supervisor.receiveMessage(LONG)).isInstanceOf(Supervisor.Starting.class);

    CompletableFuture<Void> left = CompletableFuture.runAsync(() -> node.leave("it was asked to"));
    Supervisor.Command told;
    do {
      told = supervisor.receiveMessage(LONG);
    } while (!(told instanceof Supervisor.Leaving));
    assertThat(told).isEqualTo(new Supervisor.Leaving("w", host, "it was asked to"));
    TimeUnit.MILLISECONDS.sleep(300);
    assertThat(left).isNotDone();
    assertThat(node.system().getWhenTerminated().toCompletableFuture()).isNotDone();

    host.tell(new WorkerHost.StopRun("run", 1));
    left.get(LONG.toSeconds(), TimeUnit.SECONDS);
    assertThat(node.system().getWhenTerminated().toCompletableFuture()).isDone();
  }

  @Test
  void withoutARunItEndsAtOnce() throws Exception {
    CompletableFuture.runAsync(() -> node.leave("it was asked to"))
        .get(LONG.toSeconds(), TimeUnit.SECONDS);
    assertThat(node.system().getWhenTerminated().toCompletableFuture()).isDone();
  }
}
