package io.akkord.actors.job;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.persistence.typed.PersistenceId;
import akka.persistence.typed.RecoveryCompleted;
import akka.persistence.typed.javadsl.CommandHandler;
import akka.persistence.typed.javadsl.Effect;
import akka.persistence.typed.javadsl.EventHandler;
import akka.persistence.typed.javadsl.EventSourcedBehavior;
import akka.persistence.typed.javadsl.SignalHandler;
import io.akkord.actors.CborMessage;
import io.akkord.actors.job.Job.State;
import io.akkord.actors.journal.DiskSync;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.proto.JobEvent;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The cluster's queue of runs: a singleton among control nodes, whose journal outlives them. The
 * run itself, with its supervisor and its ledger, is begun on the node where this actor lives; when
 * that node is lost the next one recovers the queue and takes the run up again from its newest
 * checkpoint.
 */
public final class JobManager extends EventSourcedBehavior<JobManager.Command, JobEvent, Jobs> {

  /** What the job manager can be told. */
  public sealed interface Command extends CborMessage {}

  /** Put a run into the queue. */
  public record Submit(Order order, ActorRef<Answer> replyTo) implements Command {}

  /** End a job: at once if it waits, after the step in flight if it runs. */
  public record StopJob(String job, ActorRef<Answer> replyTo) implements Command {}

  /** Say what there is. */
  public record GetJobs(ActorRef<Listing> replyTo) implements Command {}

  /**
   * What became of a wish.
   *
   * @param job whose; empty if refused
   * @param refused why not; empty if granted
   */
  public record Answer(String job, String refused) implements CborMessage {}

  /** A job and why it waits. */
  public record Row(Job job, String pending) implements CborMessage {}

  /** Every job, oldest first. */
  public record Listing(List<Row> rows, int workers, String node) implements CborMessage {}

  private record Hosts(Set<ActorRef<WorkerHost.Command>> hosts) implements Command {}

  private record Over(String job, JobRunner.Outcome outcome) implements Command {}

  private record Synced(Runnable then, Throwable failure) implements Command {}

  private enum Look implements Command {
    INSTANCE
  }

  private record NobodyCame(String job) implements Command {}

  /**
   * The job that has its turn.
   *
   * @param handle null until it has begun
   */
  private record Current(String job, JobRunner.Handle handle) {}

  /** Each time on another node, or the same one back: more is no bad luck. */
  private static final int MOST_BEGUN = 20;

  /** Workers that live find a head that was started again in less. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final String STOPPED = "stopped by akkord job stop";

  private final ActorContext<Command> context;
  private final JobRunner runner;
  private final Identity identity;
  private final DiskSync disk;
  private final Clock clock;
  private final Duration patience;
  private int workers;
  private Current current;
  private Over ending;
  private boolean interrupted;

  /**
   * The queue.
   *
   * @param disk nobody is told of what is not on the disk
   */
  public static Behavior<Command> create(
      Identity identity, JobRunner runner, DiskSync disk, Clock clock) {
    return create(identity, runner, disk, clock, PATIENCE);
  }

  /**
   * The same.
   *
   * @param patience so long a job that is to stop waits for workers that may have kept its newest
   *     steps
   */
  static Behavior<Command> create(
      Identity identity, JobRunner runner, DiskSync disk, Clock clock, Duration patience) {
    return Behaviors.setup(
        context -> new JobManager(context, identity, runner, disk, clock, patience));
  }

  /**
   * Where it lives.
   *
   * @param cluster its name, which sets its queue apart in a shared database
   * @param node this node's name, for people
   * @param address where workers find this node
   */
  public record Identity(String cluster, String node, String address) {}

  private JobManager(
      ActorContext<Command> context,
      Identity identity,
      JobRunner runner,
      DiskSync disk,
      Clock clock,
      Duration patience) {
    super(
        PersistenceId.ofUniqueId("jobs|" + identity.cluster()),
        SupervisorStrategy.restartWithBackoff(Duration.ofMillis(200), Duration.ofSeconds(10), 0.1));
    this.context = context;
    this.identity = identity;
    this.runner = runner;
    this.disk = disk;
    this.clock = clock;
    this.patience = patience;
    context
        .getSystem()
        .receptionist()
        .tell(
            Receptionist.subscribe(
                WorkerHost.KEY,
                context.messageAdapter(
                    Receptionist.Listing.class,
                    listing -> new Hosts(listing.getServiceInstances(WorkerHost.KEY)))));
  }

  @Override
  public Jobs emptyState() {
    return Jobs.EMPTY;
  }

  @Override
  public EventHandler<Jobs, JobEvent> eventHandler() {
    return Jobs::apply;
  }

  @Override
  public SignalHandler<Jobs> signalHandler() {
    return newSignalHandlerBuilder()
        .onSignal(RecoveryCompleted.instance(), this::onRecovered)
        .build();
  }

  /** At first, and after every write that failed: what was not written is done again. */
  private void onRecovered(Jobs jobs) {
    jobs.running().filter(Job::stopAsked).ifPresent(job -> waitForSomebody(job.id()));
    if (current != null && current.handle() == null) {
      current = null;
    }
    if (ending != null) {
      context.getSelf().tell(ending);
    }
    context.getSelf().tell(Look.INSTANCE);
  }

  @Override
  public CommandHandler<Command, JobEvent, Jobs> commandHandler() {
    return newCommandHandlerBuilder()
        .forAnyState()
        .onCommand(Submit.class, this::onSubmit)
        .onCommand(StopJob.class, this::onStop)
        .onCommand(GetJobs.class, this::onGet)
        .onCommand(Hosts.class, this::onHosts)
        .onCommand(Over.class, this::onOver)
        .onCommand(Synced.class, (jobs, synced) -> onSynced(synced))
        .onCommand(Look.class, (jobs, look) -> look(jobs))
        .onCommand(NobodyCame.class, this::onNobodyCame)
        .build();
  }

  /** Goes on when what was persisted is on the disk itself. */
  private void durably(Runnable then) {
    context.pipeToSelf(disk.sync(), (done, failure) -> new Synced(then, failure));
  }

  private Effect<JobEvent, Jobs> onSynced(Synced synced) {
    if (synced.failure() != null) {
      throw new IllegalStateException("the queue of jobs cannot be synced", synced.failure());
    }
    synced.then().run();
    return Effect().none();
  }

  private JobEvent.Builder event(String job) {
    return JobEvent.newBuilder().setJob(job).setAtMillis(clock.millis());
  }

  private Effect<JobEvent, Jobs> onSubmit(Jobs jobs, Submit submit) {
    Order order = submit.order();
    Optional<Job> other = jobs.into(order.outputDir());
    if (other.isPresent()) {
      String text =
          "output_dir %s belongs to %s, which is %s; choose another with --set output_dir=DIR";
      String id = other.get().id();
      submit
          .replyTo()
          .tell(new Answer("", text.formatted(order.outputDir(), id, other.get().state().text())));
      return Effect().none();
    }
    String id = "job-" + (lastNumber(jobs) + 1);
    JobEvent.Submitted submitted =
        JobEvent.Submitted.newBuilder()
            .setSource(order.source())
            .setRecipe(order.recipe())
            .setFolder(order.folder())
            .setDirectory(order.directory())
            .addAllSets(order.sets())
            .setWorkers(order.workers())
            .setResume(order.resume())
            .addAllResumeAnyway(order.resumeAnyway())
            .setOutputDir(order.outputDir())
            .build();
    return Effect()
        .persist(event(id).setSubmitted(submitted).build())
        .thenRun(
            () ->
                durably(
                    () -> {
                      submit.replyTo().tell(new Answer(id, ""));
                      context.getSelf().tell(Look.INSTANCE);
                    }));
  }

  private static long lastNumber(Jobs jobs) {
    return jobs.list().stream()
        .mapToLong(job -> Long.parseLong(job.id().substring("job-".length())))
        .max()
        .orElse(0);
  }

  /** Begins what is due: a run that a lost node left, or the next in the queue. */
  private Effect<JobEvent, Jobs> look(Jobs jobs) {
    if (current != null || interrupted) {
      return Effect().none();
    }
    Optional<Job> due = jobs.running().or(jobs::next);
    if (due.isEmpty()) {
      return Effect().none();
    }
    Job job = due.get();
    boolean again = job.begun() > 0;
    // Once begun it goes on with whoever is left.
    if (workers < (again ? 1 : job.order().workers())) {
      return Effect().none();
    }
    JobEvent.Started started =
        JobEvent.Started.newBuilder().setNode(identity.node()).setWorkers(workers).build();
    // From here on it is taken, so that a second look does not begin it twice.
    current = new Current(job.id(), null);
    return Effect()
        .persist(event(job.id()).setStarted(started).build())
        .thenRun(() -> durably(() -> begin(job, again)));
  }

  private void begin(Job job, boolean again) {
    ActorRef<Command> self = context.getSelf();
    current =
        new Current(
            job.id(),
            runner.start(job, again, workers, outcome -> self.tell(new Over(job.id(), outcome))));
    if (job.stopAsked()) {
      current.handle().stop(STOPPED);
    }
  }

  private Effect<JobEvent, Jobs> onStop(Jobs jobs, StopJob stop) {
    Job job = jobs.byId().get(stop.job());
    if (job == null) {
      stop.replyTo().tell(new Answer("", "there is no %s".formatted(stop.job())));
      return Effect().none();
    }
    if (job.state().over()) {
      stop.replyTo().tell(new Answer("", "%s is over: %s".formatted(job.id(), job.state().text())));
      return Effect().none();
    }
    JobEvent asked = event(job.id()).setStopAsked(JobEvent.StopAsked.getDefaultInstance()).build();
    if (job.state() == State.PENDING) {
      return Effect()
          .persist(List.of(asked, ended(job.id(), "stopped", "stopped before it began", 0)))
          .thenRun(() -> durably(() -> stop.replyTo().tell(new Answer(job.id(), ""))));
    }
    return Effect()
        .persist(asked)
        .thenRun(
            () ->
                durably(
                    () -> {
                      if (begun(job)) {
                        current.handle().stop(STOPPED);
                      } else if (current == null) {
                        waitForSomebody(job.id());
                      }
                      stop.replyTo().tell(new Answer(job.id(), ""));
                    }));
  }

  private void waitForSomebody(String job) {
    context.scheduleOnce(patience, context.getSelf(), new NobodyCame(job));
  }

  /** A job that is to stop does not wait for workers for ever. */
  private Effect<JobEvent, Jobs> onNobodyCame(Jobs jobs, NobodyCame told) {
    Optional<Job> waits =
        jobs.running().filter(job -> job.id().equals(told.job()) && job.stopAsked());
    if (current != null || waits.isEmpty()) {
      return Effect().none();
    }
    String reason =
        "stopped while no worker was there; what was saved can be gone on from with job submit --resume";
    return Effect()
        .persist(ended(told.job(), "stopped", reason, waits.get().committedSteps()))
        .thenRun(() -> durably(() -> context.getSelf().tell(Look.INSTANCE)));
  }

  private boolean begun(Job job) {
    return current != null && current.job().equals(job.id()) && current.handle() != null;
  }

  private JobEvent ended(String job, String outcome, String reason, long steps) {
    return event(job)
        .setEnded(
            JobEvent.Ended.newBuilder()
                .setOutcome(outcome)
                .setReason(reason == null ? "" : reason)
                .setCommittedSteps(steps))
        .build();
  }

  private Effect<JobEvent, Jobs> onOver(Jobs jobs, Over over) {
    if (current == null || !current.job().equals(over.job())) {
      return Effect().none();
    }
    JobRunner.Outcome outcome = over.outcome();
    if (outcome.interrupted()) {
      // It stays a running job: whoever lives here next takes it up.
      current = null;
      interrupted = true;
      return Effect().none();
    }
    Job job = jobs.byId().get(over.job());
    if (outcome.outcome().equals(JobRunner.LOST) && !job.stopAsked()) {
      if (job.begun() < MOST_BEGUN) {
        context.getLog().warn("{} is begun again: {}", job.id(), outcome.reason());
        current = null;
        return look(jobs);
      }
      String reason = "it was begun %d times; the last time: %s";
      return over(over, "failed", reason.formatted(job.begun(), outcome.reason()));
    }
    String how = outcome.outcome().equals(JobRunner.LOST) ? "stopped" : outcome.outcome();
    return over(over, how, outcome.reason());
  }

  private Effect<JobEvent, Jobs> over(Over over, String how, String reason) {
    ending = over;
    return Effect()
        .persist(ended(over.job(), how, reason, over.outcome().committedSteps()))
        .thenRun(
            () -> {
              ending = null;
              current = null;
              durably(() -> context.getSelf().tell(Look.INSTANCE));
            });
  }

  private Effect<JobEvent, Jobs> onHosts(Jobs jobs, Hosts hosts) {
    workers = hosts.hosts().size();
    return look(jobs);
  }

  private String why(Jobs jobs, Job job) {
    boolean idle = job.state() == State.RUNNING && current == null && workers == 0;
    return idle
        ? Jobs.waiting(job, identity.address())
        : jobs.pending(job, workers, identity.address());
  }

  private Effect<JobEvent, Jobs> onGet(Jobs jobs, GetJobs get) {
    List<Row> rows = jobs.list().stream().map(job -> new Row(job, why(jobs, job))).toList();
    get.replyTo().tell(new Listing(rows, workers, identity.node()));
    return Effect().none();
  }
}
