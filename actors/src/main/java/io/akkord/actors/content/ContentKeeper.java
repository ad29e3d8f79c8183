package io.akkord.actors.content;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.akkord.actors.CborMessage;
import io.akkord.actors.DiskWork;
import io.akkord.actors.bulk.Bulk;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sees to it that the contents of one attempt are on this host: where the head has them, if this
 * host sees the same bytes there, else in the cache. Keeps them there until it is stopped.
 */
public final class ContentKeeper extends AbstractBehavior<ContentKeeper.Command> {
  private static final Duration LOG_EVERY = Duration.ofSeconds(5);

  /** What the keeper can be told; all of it by itself and its fetchers. */
  public sealed interface Command extends CborMessage {}

  /** What the parent, in the same process, hears. */
  public sealed interface Report {
    /** As given to the keeper. */
    String task();
  }

  /** So many bytes are not on this host and on their way. Not said if there are none. */
  public record Fetching(String task, long bytes) implements Report {}

  /**
   * Everything is here, verified.
   *
   * @param folders by the id of the content
   * @param fetched bytes that came through the lane for it
   * @param took since the keeper was started
   */
  public record Here(String task, Map<String, Path> folders, long fetched, Duration took)
      implements Report {}

  /** It is given up; the keeper has stopped. */
  public record Failed(String task, String reason) implements Report {}

  /**
   * What to bring.
   *
   * @param name unique for the parent; comes back with every report
   * @param host who needs it, for people
   * @param deadline for all of it together
   */
  public record Task(
      String name,
      String host,
      List<ContentManifest> contents,
      ActorRef<ContentServer.Command> server,
      Duration deadline) {}

  private record Looked(Map<String, Path> shared, Throwable failure) implements Command {}

  private record Told(ContentFetcher.Report report) implements Command {}

  private record Pruned(ContentStore.Pruned pruned, Throwable failure) implements Command {}

  private enum Tick implements Command {
    LOG,
    DEADLINE
  }

  private final TimerScheduler<Command> timers;
  private final Task task;
  private final Bulk bulk;
  private final ContentSettings settings;
  private final ContentStore store;
  private final ActorRef<Report> parent;
  private final long startNanos = System.nanoTime();
  private final AtomicLong checked = new AtomicLong();
  private final Map<String, Path> folders = new HashMap<>();
  private final Map<String, Long> missing = new HashMap<>();
  private final Map<String, ContentFetcher.Progress> progress = new HashMap<>();
  private int fetchers;
  private long fetched;

  /** A keeper of the contents of one task. */
  public static Behavior<Command> create(
      Task task, Bulk bulk, ContentSettings settings, ActorRef<Report> parent) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> new ContentKeeper(context, timers, task, bulk, settings, parent)));
  }

  private ContentKeeper(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Task task,
      Bulk bulk,
      ContentSettings settings,
      ActorRef<Report> parent) {
    super(context);
    context.setLoggerName(ContentKeeper.class);
    this.timers = timers;
    this.task = task;
    this.bulk = bulk;
    this.settings = settings;
    this.store = new ContentStore(settings);
    this.parent = parent;
    timers.startTimerWithFixedDelay(Tick.LOG, LOG_EVERY);
    timers.startSingleTimer(Tick.DEADLINE, task.deadline());
    DiskWork.run(context, this::look, Looked::new);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Looked.class, this::onLooked)
        .onMessage(Told.class, told -> onReport(told.report()))
        .onMessage(Pruned.class, this::onPruned)
        .onMessageEquals(Tick.LOG, this::onLog)
        .onMessageEquals(Tick.DEADLINE, this::onDeadline)
        .build();
  }

  /** Where the head's own folders have the same bytes here. */
  private Map<String, Path> look() {
    Map<String, Path> shared = new HashMap<>();
    for (ContentManifest content : task.contents()) {
      content.check();
      store
          .shared(content, checked::addAndGet)
          .ifPresent(folder -> shared.put(content.id(), folder));
    }
    return shared;
  }

  private Behavior<Command> onLooked(Looked looked) {
    if (looked.failure() != null) {
      return failed(
          FetchFailure.text("looking for what is here", looked.failure(), store.directory()));
    }
    folders.putAll(looked.shared());
    ActorRef<ContentFetcher.Report> self =
        getContext().messageAdapter(ContentFetcher.Report.class, Told::new);
    for (ContentManifest content : task.contents()) {
      if (!folders.containsKey(content.id())) {
        fetchers++;
        getContext()
            .spawn(
                ContentFetcher.create(content, task.server(), bulk, store, settings, self),
                "fetch-" + content.id());
      }
    }
    return endWhenHere();
  }

  private Behavior<Command> onReport(ContentFetcher.Report report) {
    if (report instanceof ContentFetcher.Missing told) {
      missing.put(told.content(), told.bytes());
      sayWhatIsFetched();
    } else if (report instanceof ContentFetcher.Progress told) {
      progress.put(told.content(), told);
    } else if (report instanceof ContentFetcher.Failed told) {
      return failed(told.reason());
    } else if (report instanceof ContentFetcher.Ready told) {
      folders.put(told.content(), Path.of(told.folder()));
      fetched += told.fetched();
      return endWhenHere();
    }
    return this;
  }

  /** Once, for all contents together. */
  private void sayWhatIsFetched() {
    long bytes = missing.values().stream().mapToLong(Long::longValue).sum();
    if (missing.size() == fetchers && bytes > 0) {
      parent.tell(new Fetching(task.name(), bytes));
    }
  }

  private Behavior<Command> endWhenHere() {
    if (folders.size() < task.contents().size()) {
      return this;
    }
    timers.cancelAll();
    Duration took = Duration.ofNanos(System.nanoTime() - startNanos);
    parent.tell(new Here(task.name(), Map.copyOf(folders), fetched, took));
    if (fetched > 0) {
      DiskWork.run(getContext(), () -> store.prune(settings.cacheLimit()), Pruned::new);
    }
    return this;
  }

  private Behavior<Command> onPruned(Pruned done) {
    if (done.failure() != null) {
      // Somebody else fetches; whoever is last of them does it.
      getContext().getLog().info("the cache was not cut: {}", done.failure().getMessage());
    } else if (done.pruned().contents() > 0) {
      getContext()
          .getLog()
          .info(
              "{}: {} contents that nobody uses were removed, {} are left",
              store.directory(),
              done.pruned().contents(),
              ByteText.of(done.pruned().left()));
    }
    return this;
  }

  private Behavior<Command> onLog() {
    getContext().getLog().info("{}: {}", task.host(), state());
    return this;
  }

  private String state() {
    long done = progress.values().stream().mapToLong(ContentFetcher.Progress::done).sum();
    long read = progress.values().stream().mapToLong(ContentFetcher.Progress::checked).sum();
    return "%s of %s of model and data are here, %s were read to verify them"
        .formatted(
            ByteText.of(done + sizeOf(folders)),
            ByteText.of(task.contents().stream().mapToLong(ContentManifest::bytes).sum()),
            ByteText.of(checked.get() + read));
  }

  /** Of contents that were found and not fetched: their fetchers report no progress. */
  private long sizeOf(Map<String, Path> found) {
    return task.contents().stream()
        .filter(c -> found.containsKey(c.id()) && !progress.containsKey(c.id()))
        .mapToLong(ContentManifest::bytes)
        .sum();
  }

  private Behavior<Command> onDeadline() {
    return failed(
        "model and data were not on %s within %s: %s; the rest was asked for from %s. A slow line needs a longer akkord.deadlines.start-up; what has come is kept"
            .formatted(
                getContext().getSystem().address(),
                task.deadline(),
                state(),
                task.server().path()));
  }

  private Behavior<Command> failed(String reason) {
    parent.tell(new Failed(task.name(), reason));
    return Behaviors.stopped();
  }
}
