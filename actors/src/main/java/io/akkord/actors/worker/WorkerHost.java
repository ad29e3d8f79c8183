package io.akkord.actors.worker;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import io.akkord.actors.CborMessage;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.params.Holder;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.ParameterShard;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import io.akkord.model.engine.DeviceThread;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Devices of a process that take part in runs. It outlives runs: the native library, the device
 * threads and the lane stay warm from one attempt to the next.
 */
public final class WorkerHost extends AbstractBehavior<WorkerHost.Command> {

  /** What a host can be told. */
  public interface Command extends CborMessage {}

  /** Take part in an attempt; the worker reports to its supervisor when it is ready. */
  public record StartWorker(
      RunSpec spec,
      ActorRef<ParameterServer.Command> server,
      ActorRef<Ledger.Command> ledger,
      ActorRef<Supervisor.Command> supervisor)
      implements Command {}

  /** Keep an empty copy of a slice. */
  public record StartCopy(
      RunSpec spec,
      int slice,
      LaneAddress checkpointLane,
      ActorRef<ParameterServer.Command> server,
      ActorRef<CopyStarted> replyTo)
      implements Command {}

  /** A copy waits for its state. */
  public record CopyStarted(int slice, Holder holder) implements CborMessage {}

  /** The attempt is over. */
  public record StopRun(String runId, long attempt) implements Command {}

  /** The process is asked to end: its runs hear of it before it does. */
  public record Leave(String reason) implements Command {}

  /** What runs here. */
  private record Part(String runId, long attempt, ActorRef<?> actor) {}

  /** Where hosts that offer themselves to every run of a cluster are found. */
  public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "akkord-host");

  private final String id;
  private final Devices devices;
  private final List<Integer> mine;
  private final Bulk bulk;
  private final Settings settings;
  private final Map<String, HostInputs> inputs = new HashMap<>();
  private final List<Part> parts = new java.util.ArrayList<>();
  private final Map<ActorRef<Supervisor.Command>, StopRun> supervisors = new HashMap<>();
  private int names;

  /**
   * A host.
   *
   * @param id of its worker, unique in the cluster and over restarts
   * @param mine which of the devices; the first computes steps, slices go round all of them
   */
  public static Behavior<Command> create(
      String id, Devices devices, List<Integer> mine, Bulk bulk, Settings settings) {
    return Behaviors.setup(context -> new WorkerHost(context, id, devices, mine, bulk, settings));
  }

  /** A host that every run of the cluster finds. */
  public static Behavior<Command> offered(
      String id, Devices devices, List<Integer> mine, Bulk bulk, Settings settings) {
    return Behaviors.setup(
        context -> {
          context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
          return new WorkerHost(context, id, devices, mine, bulk, settings);
        });
  }

  private WorkerHost(
      ActorContext<Command> context,
      String id,
      Devices devices,
      List<Integer> mine,
      Bulk bulk,
      Settings settings) {
    super(context);
    this.id = id;
    this.devices = devices;
    this.mine = List.copyOf(mine);
    this.bulk = bulk;
    this.settings = settings;
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(StartWorker.class, this::onStartWorker)
        .onMessage(StartCopy.class, this::onStartCopy)
        .onMessage(StopRun.class, this::onStopRun)
        .onMessage(Leave.class, this::onLeave)
        .onSignal(akka.actor.typed.PostStop.class, signal -> onPostStop())
        .build();
  }

  private DeviceThread device(HostInputs in, int part) {
    int index = mine.get(part % mine.size());
    return devices.device(index, in.facts().plan().recipe().threads());
  }

  private HostInputs inputs(RunSpec spec) {
    return inputs.computeIfAbsent(
        spec.runId() + "|" + spec.attempt(), key -> HostInputs.open(spec, settings));
  }

  private Behavior<Command> onStartWorker(StartWorker start) {
    try {
      HostInputs in = inputs(start.spec());
      Behavior<GpuWorker.Command> worker =
          GpuWorker.create(
              in.facts(),
              id,
              in.compute(device(in, 0)),
              bulk,
              new LaneInbox(bulk),
              start.server(),
              start.ledger(),
              start.supervisor(),
              getContext().getSelf());
      spawn(start.spec(), worker, "worker");
      // Without its supervisor the attempt is over, whatever became of it.
      StopRun over = new StopRun(start.spec().runId(), start.spec().attempt());
      getContext().watchWith(start.supervisor(), over);
      supervisors.put(start.supervisor(), over);
    } catch (UserError e) {
      start.supervisor().tell(new Supervisor.WorkerFailed(id, e.getMessage()));
    }
    return this;
  }

  private <T> ActorRef<T> spawn(RunSpec spec, Behavior<T> behavior, String name) {
    ActorRef<T> actor = getContext().spawn(behavior, name + "-" + names++);
    parts.add(new Part(spec.runId(), spec.attempt(), actor));
    return actor;
  }

  private Behavior<Command> onStartCopy(StartCopy start) {
    HostInputs in = inputs(start.spec());
    LaneInbox inbox = new LaneInbox(bulk);
    ParameterShard.Setup setup =
        new ParameterShard.Setup(
            in.facts(),
            in.facts().slices().get(start.slice()),
            id,
            device(in, start.slice()),
            bulk,
            inbox,
            start.checkpointLane(),
            start.server());
    ActorRef<ParameterShard.Command> shard =
        spawn(start.spec(), ParameterShard.create(setup), "slice-" + start.slice());
    start.replyTo().tell(new CopyStarted(start.slice(), new Holder(id, shard, inbox.address())));
    return this;
  }

  private Behavior<Command> onStopRun(StopRun stop) {
    parts.removeIf(
        part -> {
          boolean over = part.runId().equals(stop.runId()) && part.attempt() <= stop.attempt();
          if (over) {
            getContext().stop(part.actor());
          }
          return over;
        });
    supervisors.values().removeIf(stop::equals);
    HostInputs in = inputs.remove(stop.runId() + "|" + stop.attempt());
    if (in != null) {
      in.closeAfter(device(in, 0));
    }
    return this;
  }

  private Behavior<Command> onLeave(Leave leave) {
    supervisors.keySet().forEach(s -> s.tell(new Supervisor.WorkerFailed(id, leave.reason())));
    return Behaviors.stopped();
  }

  private Behavior<Command> onPostStop() {
    inputs.values().forEach(in -> in.closeAfter(device(in, 0)));
    return this;
  }
}
