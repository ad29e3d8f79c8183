package io.akkord.actors.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.content.ContentSettings;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.worker.Devices;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.config.Settings;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** All actors of a run in this JVM; tensors are handed over, not sent. */
final class InJvmRuntime implements RunRuntime {
  private static final int SHUTDOWN_SECONDS = 60;

  private final ActorSystem<Void> system;
  private final Journal journal;
  private final Bulk bulk;

  private final Devices devices;

  private final Set<ActorRef<WorkerHost.Command>> workers = new LinkedHashSet<>();
  private final ActorRef<WorkerHost.Command> control;

  private InJvmRuntime(
      Journal journal, Settings settings, int workers, boolean workersKeepSlices, Bulk bulk) {
    this.journal = journal;
    this.bulk = bulk;
    Config config =
        journal
            .config()
            .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
            .withFallback(ConfigFactory.load());
    ContentSettings content = ContentSettings.read(config);
    this.system = ActorSystem.create(Behaviors.empty(), "akkord", config);
    List<String> ids = IntStream.range(0, workers).mapToObj(i -> "worker-" + i).toList();
    this.devices = new Devices(ids);
    for (int i = 0; i < workers; i++) {
      String id = ids.get(i);
      this.workers.add(
          spawn(
              WorkerHost.create(id, devices, List.of(i), bulk, settings, content),
              "host-of-" + id));
    }
    List<Integer> all = IntStream.range(0, workers).boxed().toList();
    this.control =
        workersKeepSlices
            ? null
            : spawn(
                WorkerHost.create("control", devices, all, bulk, settings, content),
                "host-of-slices");
  }

  /**
   * Starts the actor system and a host a worker.
   *
   * @param workersKeepSlices as processes do; without it one host keeps all of them once
   */
  static InJvmRuntime start(
      Journal journal, Settings settings, int workers, boolean workersKeepSlices) {
    return start(journal, settings, workers, workersKeepSlices, new InJvmBulk());
  }

  /** The same with another lane between its actors. */
  static InJvmRuntime start(
      Journal journal, Settings settings, int workers, boolean workersKeepSlices, Bulk bulk) {
    return new InJvmRuntime(journal, settings, workers, workersKeepSlices, bulk);
  }

  private <T> ActorRef<T> spawn(Behavior<T> behavior, String name) {
    return system.systemActorOf(behavior, name, Props.empty());
  }

  @Override
  public ActorSystem<?> system() {
    return system;
  }

  @Override
  public Bulk bulk() {
    return bulk;
  }

  @Override
  public Journal journal() {
    return journal;
  }

  @Override
  public ActorRef<WorkerHost.Command> control() {
    return control;
  }

  @Override
  public AutoCloseable hosts(Consumer<Set<ActorRef<WorkerHost.Command>>> listener) {
    listener.accept(workers);
    return () -> {};
  }

  /** A thread each, on the cores of one machine. */
  @Override
  public List<String> devices() {
    return IntStream.range(0, workers.size()).mapToObj(i -> "cpu:" + i).toList();
  }

  /** Its host lives in this JVM: nothing to start. */
  @Override
  public void lost(String worker) {}

  @Override
  public void close() {
    system.terminate();
    try {
      system.getWhenTerminated().toCompletableFuture().get(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "the actor system has not ended within %d s".formatted(SHUTDOWN_SECONDS), e);
    } finally {
      devices.close();
      journal.close();
    }
  }
}
