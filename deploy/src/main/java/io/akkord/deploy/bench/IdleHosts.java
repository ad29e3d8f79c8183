package io.akkord.deploy.bench;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.content.ContentSettings;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.run.RunRuntime;
import io.akkord.actors.worker.Devices;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.actors.worker.RunSpec;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.config.RunPlan;
import io.akkord.config.Settings;
import io.akkord.model.layout.ParameterLayout;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A run's actors in this JVM, all of them the real ones, with the journal, and workers whose
 * devices do nothing. The parameter slice is real and small.
 */
final class IdleHosts implements RunRuntime {
  private final ActorSystem<Void> system;
  private final Journal journal;
  private final Bulk bulk = new InJvmBulk();
  private final Devices devices = new Devices(List.of("slices"));
  private final Set<ActorRef<WorkerHost.Command>> hosts = new LinkedHashSet<>();
  private final ActorRef<WorkerHost.Command> slices;
  private final RunPlan plan;
  private final Settings settings;
  private final ParameterLayout layout;

  IdleHosts(Journal journal, Settings settings, RunPlan plan, ParameterLayout layout, int workers) {
    this.journal = journal;
    this.plan = plan;
    this.settings = settings;
    this.layout = layout;
    Config config =
        journal
            .config()
            .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
            .withFallback(ConfigFactory.load());
    this.system = ActorSystem.create(Behaviors.empty(), "akkord", config);
    for (int i = 0; i < workers; i++) {
      hosts.add(spawn(host("worker-" + i), "idle-host-" + i));
    }
    this.slices =
        spawn(
            WorkerHost.create(
                "control", devices, List.of(0), bulk, settings, ContentSettings.read(config)),
            "host-of-slices");
  }

  private <T> ActorRef<T> spawn(Behavior<T> behavior, String name) {
    return system.systemActorOf(behavior, name, Props.empty());
  }

  private Behavior<WorkerHost.Command> host(String id) {
    return Behaviors.setup(
        context ->
            Behaviors.receive(WorkerHost.Command.class)
                .onMessage(
                    WorkerHost.StartWorker.class,
                    start -> {
                      context.spawn(worker(context, id, start), "worker");
                      return Behaviors.same();
                    })
                // Attempts before this one are told to end at its start.
                .onMessage(
                    WorkerHost.StopRun.class,
                    stop -> stop.attempt() > 0 ? Behaviors.stopped() : Behaviors.same())
                .onAnyMessage(other -> Behaviors.unhandled())
                .build());
  }

  private Behavior<GpuWorker.Command> worker(
      ActorContext<WorkerHost.Command> context, String id, WorkerHost.StartWorker start) {
    RunSpec spec = start.spec();
    RunFacts facts =
        RunFacts.of(spec.runId(), spec.attempt(), plan, settings, layout, spec.parameterShards());
    return GpuWorker.create(
        facts,
        id,
        new IdleCompute(facts),
        bulk,
        new LaneInbox(bulk),
        start.server(),
        start.ledger(),
        start.supervisor(),
        context.getSelf());
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
    return slices;
  }

  @Override
  public AutoCloseable hosts(Consumer<Set<ActorRef<WorkerHost.Command>>> listener) {
    listener.accept(hosts);
    return () -> {};
  }

  @Override
  public void lost(String worker) {}

  @Override
  public void close() {
    system.terminate();
    try {
      system.getWhenTerminated().toCompletableFuture().get(1, TimeUnit.MINUTES);
    } catch (Exception e) {
      throw new IllegalStateException("the benchmark's actors have not ended within 60 s", e);
    } finally {
      devices.close();
      journal.close();
    }
  }
}
