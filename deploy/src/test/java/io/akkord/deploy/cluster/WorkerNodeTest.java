package io.akkord.deploy.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.node.NodeLog;
import io.akkord.actors.worker.Devices;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import io.akkord.model.engine.DeviceThread;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A node that is cut off from its cluster, once and for good. */
class WorkerNodeTest {
  private static final WorkerNode.Options OPTIONS =
      new WorkerNode.Options(
          "node",
          "127.0.0.1",
          0,
          List.of("10.0.0.1:7265"),
          List.of("cpu:0"),
          "token",
          Duration.ofSeconds(60),
          Duration.ofSeconds(600),
          NodeLog.create());

  private final List<String> said = new ArrayList<>();
  private final List<Duration> patience = new ArrayList<>();
  private final List<DeviceThread> threads = new ArrayList<>();
  private final List<Devices> devices = new ArrayList<>();
  private int closed;

  /** Lives that end at once, having joined or not. */
  private WorkerNode node(List<Boolean> joined) {
    return new WorkerNode(
        OPTIONS,
        Settings.read(ConfigFactory.load()),
        said::add,
        node -> {},
        (of, incarnation, longest) -> {
          patience.add(longest);
          devices.add(of);
          threads.add(of.device(0, 1));
          assertThat(incarnation).isEqualTo(patience.size());
          return new Ended(joined.get(incarnation - 1));
        });
  }

  private final class Ended implements WorkerNode.Life {
    private final boolean joined;

    Ended(boolean joined) {
      this.joined = joined;
    }

    @Override
    public boolean awaitEnd() {
      return joined;
    }

    @Override
    public void leave(String reason) {
      throw new AssertionError("nobody asked it to leave");
    }

    @Override
    public void close() {
      closed++;
    }
  }

  @Test
  void itJoinsAgainOnTheSameWarmDevicesUntilItsTimeIsOverAndSaysWhy() {
    WorkerNode node = node(List.of(true, true, false));
    assertThatThrownBy(node::run)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no head at [10.0.0.1:7265] has let this node in for 600 s")
        .hasMessageContaining("akkord.cluster.rejoin-timeout")
        .hasMessageContaining("is it running (akkord status there)");
    assertThat(patience)
        .containsExactly(OPTIONS.joinWithin(), OPTIONS.rejoinWithin(), OPTIONS.rejoinWithin());
    assertThat(Set.copyOf(devices)).as("devices outlive every life").hasSize(1);
    assertThat(Set.copyOf(threads)).as("and so do their threads").hasSize(1);
    assertThat(said)
        .containsExactly(
            "cut off from the cluster; joining it again, for 600 s at most",
            "cut off from the cluster; joining it again, for 600 s at most");
    assertThat(closed).isEqualTo(3);
  }

  @Test
  void aNodeThatNoHeadLetsInGivesUpAfterItsFirstTry() {
    assertThatThrownBy(node(List.of(false))::run)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("for 60 s (akkord.cluster.join-timeout)");
    assertThat(said).isEmpty();
  }

  @Test
  void aNodeThatLeavesBeginsNoNewLife() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<String> left = new CompletableFuture<>();
    WorkerNode node =
        new WorkerNode(
            OPTIONS,
            Settings.read(ConfigFactory.load()),
            said::add,
            joined -> {},
            (of, incarnation, longest) -> {
              begun.countDown();
              return new Leaving(left);
            });
    CompletableFuture<Void> run = CompletableFuture.runAsync(node::run);
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    while (!left.isDone()) {
      node.leave("it was asked to");
    }
    run.get(30, TimeUnit.SECONDS);
    assertThat(left).isCompletedWithValue("it was asked to");
    assertThat(said).isEmpty();
  }

  private record Leaving(CompletableFuture<String> left) implements WorkerNode.Life {
    @Override
    public boolean awaitEnd() {
      try {
        left.get(30, TimeUnit.SECONDS);
        return true;
      } catch (InterruptedException
          | ExecutionException
          | java.util.concurrent.TimeoutException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void leave(String reason) {
      left.complete(reason);
    }

    @Override
    public void close() {
      throw new AssertionError("it has ended by itself");
    }
  }
}
