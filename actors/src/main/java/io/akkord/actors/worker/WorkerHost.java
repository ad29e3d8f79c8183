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
import io.akkord.actors.DiskWork;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.content.ByteText;
import io.akkord.actors.content.ContentKeeper;
import io.akkord.actors.content.ContentSettings;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.params.EngineSlices;
import io.akkord.actors.params.Holder;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.ParameterShard;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.takeover.KeptCopy;
import io.akkord.actors.takeover.SliceSurvey;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import io.akkord.model.engine.DeviceThread;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Devices of a process that take part in runs. It outlives runs: the native library, the device
 * threads and the lane stay warm from one attempt to the next.
 */
public final class WorkerHost extends AbstractBehavior<WorkerHost.Command> {

  /** What a host can be told. */
  public sealed interface Command extends CborMessage {}

  /** Take part in an attempt; the worker reports to its supervisor when it is ready. */
  public record StartWorker(
      RunSpec spec,
      ActorRef<ParameterServer.Command> server,
      ActorRef<Ledger.Command> ledger,
      ActorRef<Supervisor.Command> supervisor)
      implements Command {}

  /**
   * Keep a copy of a slice.
   *
   * @param adopt version of the copy that an earlier attempt left here and this one goes on with;
   *     −1: an empty one
   * @param finish the decision it still has to carry out, or null
   */
  public record StartCopy(
      RunSpec spec,
      int slice,
      long adopt,
      ParameterShard.Apply finish,
      LaneAddress checkpointLane,
      ActorRef<ParameterServer.Command> server,
      ActorRef<CopyStarted> replyTo)
      implements Command {}

  /**
   * A copy is there.
   *
   * @param adopted with the state an earlier attempt left; otherwise it waits for its state
   */
  public record CopyStarted(int slice, Holder holder, boolean adopted) implements CborMessage {}

  /**
   * Say what earlier attempts have left here; they are over for this host.
   *
   * @param attempt that is to begin
   */
  public record WhatIsLeft(String runId, long attempt, ActorRef<SliceSurvey.Holds> replyTo)
      implements Command {}

  /** An attempt and those before it are over, and nobody goes on from what they leave. */
  public record StopRun(String runId, long attempt) implements Command {}

  /** The process is asked to end: its runs take over what it has before it does. */
  public record Leave(String reason) implements Command {}

  /** The supervisor of an attempt is gone; another one may go on from the slices. */
  private record Orphaned(String runId, long attempt) implements Command {}

  private enum SayAgain implements Command {
    INSTANCE
  }

  private enum LeaveOver implements Command {
    INSTANCE
  }

  private record Left(WhatIsLeft question, List<KeptCopy> kept, Throwable failure)
      implements Command {}

  private record Content(ContentKeeper.Report report) implements Command {}

  private record Opened(String attempt, HostInputs inputs, Throwable failure) implements Command {}

  /** The files of an attempt; until they are open, commands that need them wait. */
  private static final class AttemptFiles {
    final RunSpec spec;
    final ActorRef<ContentKeeper.Command> keeper;
    final List<Command> waiting = new ArrayList<>();
    HostInputs inputs;

    AttemptFiles(RunSpec spec, ActorRef<ContentKeeper.Command> keeper) {
      this.spec = spec;
      this.keeper = keeper;
    }
  }

  /** Where hosts that offer themselves to every run of a cluster are found. */
  public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "akkord-host");

  /** A message may be lost on its way; that it leaves is said until it is let go. */
  private static final Duration AGAIN = Duration.ofSeconds(5);

  private final String id;
  private final Devices devices;
  private final List<Integer> mine;
  private final Bulk bulk;
  private final Settings settings;
  private final ContentSettings content;
  private final ActorRef<ContentKeeper.Report> contentReports;
  private final Map<String, AttemptFiles> files = new HashMap<>();
  private final HostParts parts;
  private final Map<ActorRef<Supervisor.Command>, Orphaned> supervisors = new LinkedHashMap<>();
  private int contents;
  private Leave leaving;

  /**
   * A host.
   *
   * @param id of its worker, unique in the cluster and over restarts
   * @param mine which of the devices; the first computes steps, slices go round all of them
   * @param content how files come here
   */
  public static Behavior<Command> create(
      String id,
      Devices devices,
      List<Integer> mine,
      Bulk bulk,
      Settings settings,
      ContentSettings content) {
    return Behaviors.setup(
        context -> new WorkerHost(context, id, devices, mine, bulk, settings, content));
  }

  /** A host that every run of the cluster finds. */
  public static Behavior<Command> offered(
      String id,
      Devices devices,
      List<Integer> mine,
      Bulk bulk,
      Settings settings,
      ContentSettings content) {
    return Behaviors.setup(
        context -> {
          context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
          return new WorkerHost(context, id, devices, mine, bulk, settings, content);
        });
  }

  private WorkerHost(
      ActorContext<Command> context,
      String id,
      Devices devices,
      List<Integer> mine,
      Bulk bulk,
      Settings settings,
      ContentSettings content) {
    super(context);
    this.id = id;
    this.devices = devices;
    this.mine = List.copyOf(mine);
    this.parts = new HostParts(context, id, bulk, devices.kept(mine));
    this.bulk = bulk;
    this.settings = settings;
    this.content = content;
    this.contentReports = context.messageAdapter(ContentKeeper.Report.class, Content::new);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(StartWorker.class, this::onStartWorker)
        .onMessage(StartCopy.class, this::onStartCopy)
        .onMessage(Content.class, told -> onContent(told.report()))
        .onMessage(Opened.class, this::onOpened)
        .onMessage(WhatIsLeft.class, this::onWhatIsLeft)
        .onMessage(Left.class, this::onLeft)
        .onMessage(Orphaned.class, this::onOrphaned)
        .onMessage(StopRun.class, this::onStopRun)
        .onMessage(Leave.class, this::onLeave)
        .onMessageEquals(SayAgain.INSTANCE, this::sayLeaving)
        .onMessageEquals(LeaveOver.INSTANCE, this::onLeaveOver)
        .onSignal(akka.actor.typed.PostStop.class, signal -> onPostStop())
        .build();
  }

  private DeviceThread device(HostInputs in, int part) {
    int index = mine.get(part % mine.size());
    return devices.device(index, in.facts().plan().recipe().threads());
  }

  private static String key(String runId, long attempt) {
    return runId + "|" + attempt;
  }

  private Behavior<Command> onStartWorker(StartWorker start) {
    if (parts.isOver(start.spec())) {
      return late(start.spec());
    }
    if (leaving != null) {
      start.supervisor().tell(new Supervisor.WorkerFailed(id, "it leaves: " + leaving.reason()));
      return this;
    }
    start
        .supervisor()
        .tell(new Supervisor.Starting(id, getContext().getSelf(), ProcessHandle.current().pid()));
    // Without its supervisor the attempt is over; its slices are for the next one.
    Orphaned over = new Orphaned(start.spec().runId(), start.spec().attempt());
    getContext().watchWith(start.supervisor(), over);
    supervisors.put(start.supervisor(), over);
    return whenOpen(start.spec(), start);
  }

  private Behavior<Command> onStartCopy(StartCopy start) {
    return parts.isOver(start.spec()) ? late(start.spec()) : whenOpen(start.spec(), start);
  }

  private Behavior<Command> late(RunSpec spec) {
    getContext()
        .getLog()
        .info("run {}: attempt {} is over and begins nothing here", spec.runId(), spec.attempt());
    return this;
  }

  private Behavior<Command> whenOpen(RunSpec spec, Command command) {
    parts.begin(spec.runId());
    AttemptFiles now =
        files.computeIfAbsent(key(spec.runId(), spec.attempt()), key -> bring(spec, key));
    if (now.inputs == null) {
      now.waiting.add(command);
    } else {
      carryOut(command, now.inputs);
    }
    return this;
  }

  private AttemptFiles bring(RunSpec spec, String key) {
    // Before the run's own deadline, so that the reason is known by then.
    Duration deadline = settings.deadlines().startUp().multipliedBy(9).dividedBy(10);
    ContentKeeper.Task task =
        new ContentKeeper.Task(
            key, id, List.of(spec.model(), spec.tokens()), spec.server(), deadline);
    return new AttemptFiles(
        spec,
        getContext()
            .spawn(
                ContentKeeper.create(task, bulk, content, contentReports),
                "content-" + contents++));
  }

  private Behavior<Command> onContent(ContentKeeper.Report report) {
    AttemptFiles now = files.get(report.task());
    if (now == null) {
      return this;
    }
    if (report instanceof ContentKeeper.Fetching told) {
      say(now, "fetches %s of model and data".formatted(ByteText.of(told.bytes())));
    } else if (report instanceof ContentKeeper.Failed told) {
      giveUp(told.task(), told.reason());
    } else if (report instanceof ContentKeeper.Here here) {
      if (here.fetched() > 0) {
        String text = "has fetched %s of model and data in %.1f s";
        say(now, text.formatted(ByteText.of(here.fetched()), here.took().toMillis() / 1e3));
      }
      Path model = here.folders().get(now.spec.model().id());
      Path tokens = here.folders().get(now.spec.tokens().id());
      DiskWork.run(
          getContext(),
          () -> HostInputs.open(now.spec, model, tokens, settings),
          (inputs, failure) -> new Opened(here.task(), inputs, failure));
    }
    return this;
  }

  /** Everybody who waits for these files is told how it goes. */
  private void say(AttemptFiles now, String text) {
    for (Command command : now.waiting) {
      if (command instanceof StartWorker start) {
        start.supervisor().tell(new Supervisor.WorkerSays(id, text));
      }
    }
  }

  private Behavior<Command> onOpened(Opened opened) {
    AttemptFiles now = files.get(opened.attempt());
    if (now == null) {
      if (opened.inputs() != null) {
        opened.inputs().close();
      }
    } else if (opened.failure() != null) {
      boolean user = opened.failure() instanceof UserError;
      if (!user) {
        getContext().getLog().error("the files of the run cannot be opened", opened.failure());
      }
      giveUp(
          opened.attempt(),
          user ? opened.failure().getMessage() : "it cannot open its files: " + opened.failure());
    } else {
      now.inputs = opened.inputs();
      now.waiting.forEach(command -> carryOut(command, now.inputs));
      now.waiting.clear();
    }
    return this;
  }

  private void giveUp(String attempt, String reason) {
    AttemptFiles now = files.remove(attempt);
    getContext().stop(now.keeper);
    getContext().getLog().error("{} cannot take part: {}", id, reason);
    for (Command command : now.waiting) {
      if (command instanceof StartWorker start) {
        start.supervisor().tell(new Supervisor.WorkerFailed(id, reason));
      }
    }
  }

  private void carryOut(Command command, HostInputs in) {
    if (command instanceof StartWorker start) {
      startWorker(start, in);
    } else if (command instanceof StartCopy start) {
      startCopy(start, in);
    }
  }

  private void startWorker(StartWorker start, HostInputs in) {
    try {
      Behavior<GpuWorker.Command> worker =
          GpuWorker.create(
              in.facts(),
              id,
              in.compute(device(in, 0), devices.engineDevice(mine.get(0))),
              bulk,
              new LaneInbox(bulk),
              start.server(),
              start.ledger(),
              start.supervisor(),
              getContext().getSelf());
      parts.spawn(start.spec(), worker, "worker");
    } catch (UserError e) {
      start.supervisor().tell(new Supervisor.WorkerFailed(id, e.getMessage()));
    }
  }

  private void startCopy(StartCopy start, HostInputs in) {
    parts.startCopy(start, in.facts(), () -> new EngineSlices(device(in, start.slice())));
  }

  private Behavior<Command> onWhatIsLeft(WhatIsLeft question) {
    end(question.runId(), question.attempt() - 1);
    if (leaving != null) {
      return goWhenFree();
    }
    getContext()
        .pipeToSelf(parts.left(question), (left, failure) -> new Left(question, left, failure));
    return this;
  }

  private Behavior<Command> onLeft(Left left) {
    if (left.failure() != null) {
      getContext().getLog().warn("what is left of a run is not known", left.failure());
    } else {
      parts.tell(left.question(), left.kept());
    }
    return this;
  }

  private Behavior<Command> onOrphaned(Orphaned over) {
    end(over.runId(), over.attempt());
    return goWhenFree();
  }

  private Behavior<Command> onStopRun(StopRun stop) {
    parts.endForGood(stop.runId(), stop.attempt());
    end(stop.runId(), stop.attempt());
    return goWhenFree();
  }

  /** Ends what runs here of an attempt and those before it; what slices leave is kept. */
  private void end(String runId, long attempt) {
    parts.end(runId, attempt);
    supervisors.values().removeIf(over -> over.runId().equals(runId) && over.attempt() <= attempt);
    files
        .values()
        .removeIf(
            some -> {
              boolean over = some.spec.runId().equals(runId) && some.spec.attempt() <= attempt;
              if (over) {
                getContext().stop(some.keeper);
                close(some);
              }
              return over;
            });
  }

  /** It goes when every attempt it takes part in is over for it. */
  private Behavior<Command> onLeave(Leave leave) {
    if (leaving != null) {
      return this;
    }
    leaving = leave;
    ActorRef<Command> self = getContext().getSelf();
    getContext().getSystem().receptionist().tell(Receptionist.deregister(KEY, self));
    // The supervisor knows better what is waited for, and gives up first.
    Duration longest = settings.deadlines().drain().multipliedBy(9).dividedBy(8);
    getContext().scheduleOnce(longest, self, LeaveOver.INSTANCE);
    return sayLeaving();
  }

  private Behavior<Command> sayLeaving() {
    ActorRef<Command> self = getContext().getSelf();
    supervisors.keySet().forEach(s -> s.tell(new Supervisor.Leaving(id, self, leaving.reason())));
    getContext().scheduleOnce(AGAIN, self, SayAgain.INSTANCE);
    return goWhenFree();
  }

  private Behavior<Command> goWhenFree() {
    if (leaving == null || !supervisors.isEmpty()) {
      return this;
    }
    parts.close();
    return Behaviors.stopped();
  }

  private Behavior<Command> onLeaveOver() {
    String reason =
        "%s; its supervisor has not let it go within %s"
            .formatted(leaving.reason(), settings.deadlines().drain());
    getContext().getLog().warn("{} ends all the same: {}", id, reason);
    supervisors.keySet().forEach(s -> s.tell(new Supervisor.WorkerFailed(id, reason)));
    supervisors.clear();
    return goWhenFree();
  }

  private Behavior<Command> onPostStop() {
    files.values().forEach(this::close);
    return this;
  }

  private void close(AttemptFiles over) {
    if (over.inputs != null) {
      over.inputs.closeAfter(device(over.inputs, 0));
    }
  }
}
