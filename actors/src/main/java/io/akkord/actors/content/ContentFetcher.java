package io.akkord.actors.content;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.akkord.actors.CborMessage;
import io.akkord.actors.DiskWork;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.content.ContentManifest.Entry;
import io.akkord.model.UserError;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;

/**
 * Brings one content onto this host and keeps it from being removed until it is stopped. One file
 * after the other is fetched while the ones before are verified; what is here is not fetched.
 */
public final class ContentFetcher extends AbstractBehavior<ContentFetcher.Command> {
  private static final Duration REPORT_EVERY = Duration.ofSeconds(1);

  /** What the fetcher can be told. */
  public sealed interface Command extends CborMessage {}

  /** From now on this server is asked: the head has started again. */
  public record UseServer(ActorRef<ContentServer.Command> server) implements Command {}

  /**
   * A chunk cannot be sent.
   *
   * @param lasting asking again would not help
   */
  public record Refused(String content, int file, long chunk, String reason, boolean lasting)
      implements Command {}

  /** What the parent hears. */
  public sealed interface Report extends CborMessage {}

  /**
   * How far it is, at most once a second and only if it goes on.
   *
   * @param done bytes on this host
   * @param checked bytes read so far to compute hashes, before and after fetching
   * @param all bytes of the content
   */
  public record Progress(String content, long done, long checked, long all) implements Report {}

  /** Said once, when it is known what is here: so many bytes are still to be fetched. */
  public record Missing(String content, long bytes) implements Report {}

  /**
   * Everything is here, verified.
   *
   * @param fetched bytes that came through the lane for it
   */
  public record Ready(String content, String folder, long fetched) implements Report {}

  /** It is given up; the fetcher has stopped. */
  public record Failed(String content, String reason) implements Report {}

  private record Surveyed(OptionalLong missing, Throwable failure) implements Command {}

  private record Begun(int file, ContentSession.Begin begin, Throwable failure)
      implements Command {}

  private record BlockArrived(BulkHeader header, long block) implements Command {}

  private record Written(int file, int chunk, Throwable failure) implements Command {}

  record Overdue(int file, int chunk, int attempt) implements Command {}

  private record Verified(int file, Optional<String> otherHash, Throwable failure)
      implements Command {}

  private record Assembled(Path folder, Throwable failure) implements Command {}

  private enum Tick implements Command {
    SURVEY,
    BEGIN,
    REPORT
  }

  private final ContentManifest manifest;
  private final ContentSettings settings;
  private final ActorRef<Report> parent;
  private final TimerScheduler<Command> timers;
  private final ContentSession session;
  private final LaneInbox inbox;
  private final ChunkRequests requests;
  private final FetchProgress progress;
  private int file;
  private final Set<Integer> verifying = new HashSet<>();
  private final Set<Integer> resumed = new HashSet<>();
  private final FetchPatience patience;
  private boolean assembling;

  /** A fetcher of one content. */
  public static Behavior<Command> create(
      ContentManifest manifest,
      ActorRef<ContentServer.Command> server,
      Bulk bulk,
      ContentStore store,
      ContentSettings settings,
      ActorRef<Report> parent) {
    return Behaviors.setup(
        context -> {
          try {
            manifest.check();
          } catch (UserError e) {
            parent.tell(new Failed(manifest.id(), e.getMessage()));
            return Behaviors.stopped();
          }
          return Behaviors.withTimers(
              timers ->
                  new ContentFetcher(
                      context, timers, manifest, server, bulk, store, settings, parent));
        });
  }

  private ContentFetcher(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      ContentManifest manifest,
      ActorRef<ContentServer.Command> server,
      Bulk bulk,
      ContentStore store,
      ContentSettings settings,
      ActorRef<Report> parent) {
    super(context);
    this.timers = timers;
    this.manifest = manifest;
    this.settings = settings;
    this.parent = parent;
    this.file = manifest.files().size(); // none yet
    this.progress = new FetchProgress(manifest);
    this.patience = new FetchPatience(settings.patience());
    this.session = new ContentSession(store, manifest, settings.chunkBytes());
    this.inbox = new LaneInbox(bulk);
    ActorRef<Command> self = context.getSelf();
    this.requests = new ChunkRequests(manifest, settings, server, inbox.address(), self, timers);
    inbox.listen(arrived -> self.tell(new BlockArrived(arrived.header(), arrived.block())));
    timers.startTimerWithFixedDelay(Tick.REPORT, REPORT_EVERY);
    survey();
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(UseServer.class, this::onUseServer)
        .onMessage(Refused.class, this::onRefused)
        .onMessage(Surveyed.class, this::onSurveyed)
        .onMessage(Begun.class, this::onBegun)
        .onMessage(BlockArrived.class, this::onBlockArrived)
        .onMessage(Written.class, this::onWritten)
        .onMessage(Overdue.class, this::onOverdue)
        .onMessage(Verified.class, this::onVerified)
        .onMessage(Assembled.class, this::onAssembled)
        .onMessage(Tick.class, this::onTick)
        .onSignal(PostStop.class, this::onPostStop)
        .build();
  }

  private Behavior<Command> onTick(Tick tick) {
    switch (tick) {
      case SURVEY -> survey();
      case BEGIN -> begin();
      case REPORT -> progress.changed(session.checked()).ifPresent(parent::tell);
    }
    return this;
  }

  private void survey() {
    onDisk(session::survey, Surveyed::new);
  }

  private Behavior<Command> onSurveyed(Surveyed surveyed) {
    if (surveyed.failure() != null) {
      return failed("looking for what is here", surveyed.failure());
    }
    if (surveyed.missing().isEmpty()) {
      return waitFor(Tick.SURVEY, "something is being removed from the cache", 0);
    }
    patience.moved();
    parent.tell(new Missing(manifest.id(), surveyed.missing().getAsLong()));
    for (int i = 0; i < manifest.files().size(); i++) {
      if (session.has(i)) {
        progress.whole(i);
      }
    }
    return nextFile();
  }

  /** The first file that is neither here nor being verified; if there is none, the end. */
  private Behavior<Command> nextFile() {
    requests.end();
    file = 0;
    while (file < manifest.files().size() && (session.has(file) || verifying.contains(file))) {
      file++;
    }
    if (file < manifest.files().size()) {
      begin();
    } else if (verifying.isEmpty() && !assembling) {
      assembling = true;
      onDisk(session::assemble, Assembled::new);
    }
    return this;
  }

  private void begin() {
    int begun = file;
    onDisk(() -> session.begin(begun), (begin, failure) -> new Begun(begun, begin, failure));
  }

  private Behavior<Command> onBegun(Begun begun) {
    if (begun.failure() != null) {
      return failed("opening it for writing", begun.failure());
    }
    if (begun.begin() instanceof ContentSession.Elsewhere elsewhere) {
      return waitFor(
          Tick.BEGIN, "another fetch on this host has it and does not go on", elsewhere.mark());
    }
    patience.moved();
    if (begun.begin() instanceof ContentSession.Fetch fetch) {
      if (!fetch.before().isEmpty()) {
        resumed.add(file);
      }
      requests.begin(file, fetch.before());
      return goOn();
    }
    progress.whole(file);
    return nextFile();
  }

  private Behavior<Command> waitFor(Tick tick, String why, long mark) {
    if (patience.over(System.nanoTime(), mark)) {
      return failed(why + "; waited " + settings.patience());
    }
    Duration second = Duration.ofSeconds(1);
    Duration deadline = settings.chunkDeadline();
    timers.startSingleTimer(tick, deadline.compareTo(second) < 0 ? deadline : second);
    return this;
  }

  private Behavior<Command> goOn() {
    progress.part(file, requests.bytesDone());
    if (requests.complete()) {
      int done = file;
      verifying.add(done);
      onDisk(() -> session.finish(done), (other, failure) -> new Verified(done, other, failure));
      return nextFile();
    }
    requests.ask();
    return this;
  }

  private Behavior<Command> onUseServer(UseServer use) {
    requests.useServer(use.server());
    return this;
  }

  private Behavior<Command> onRefused(Refused refused) {
    return requests.refused(refused).map(this::failed).orElse(this);
  }

  private Behavior<Command> onOverdue(Overdue overdue) {
    return requests.overdue(overdue).map(this::failed).orElse(this);
  }

  private Behavior<Command> onBlockArrived(BlockArrived arrived) {
    BulkHeader header = arrived.header();
    LaneInbox.Block block = inbox.take(arrived.block());
    if (block == null) {
      return this;
    }
    int bytes = block.bytes().remaining();
    requests.flaw(header, bytes).ifPresent(why -> getContext().getLog().warn("refused {}", why));
    if (!requests.arrived(header, bytes)) {
      block.release().run();
      return this;
    }
    int chunk = (int) header.step();
    int to = file;
    onDisk(
        () -> {
          try {
            session.write(to, chunk, block.bytes());
          } finally {
            block.release().run();
          }
          return true;
        },
        (done, failure) -> new Written(to, chunk, failure));
    return this;
  }

  private Behavior<Command> onWritten(Written written) {
    if (written.failure() != null) {
      return failed("writing the chunk " + written.chunk(), written.failure());
    }
    requests.written(written.chunk());
    return goOn();
  }

  private Behavior<Command> onVerified(Verified verified) {
    int done = verified.file();
    verifying.remove(done);
    Entry checked = manifest.files().get(done);
    if (verified.failure() != null) {
      return failed("verifying " + checked.name(), verified.failure());
    }
    if (verified.otherHash().isPresent()) {
      progress.part(done, 0);
      if (!resumed.remove(done)) {
        return failed(FetchFailure.otherHash(manifest, checked, verified.otherHash().get()));
      }
      getContext()
          .getLog()
          .warn("{}: what an earlier fetch left is damaged; fetched again", checked.name());
    }
    boolean idle = file >= manifest.files().size();
    return idle ? nextFile() : this;
  }

  private Behavior<Command> onAssembled(Assembled assembled) {
    if (assembled.failure() != null) {
      return failed("linking the folder", assembled.failure());
    }
    timers.cancel(Tick.REPORT);
    inbox.close();
    parent.tell(new Ready(manifest.id(), assembled.folder().toString(), requests.bytesArrived()));
    return this;
  }

  private Behavior<Command> failed(String doing, Throwable failure) {
    return failed(FetchFailure.text(doing, failure, session.cache()));
  }

  private Behavior<Command> failed(String reason) {
    String whole =
        FetchFailure.whole(
            getContext().getSystem().address(), manifest, file, progress.done(), reason);
    parent.tell(new Failed(manifest.id(), whole));
    return Behaviors.stopped();
  }

  private <T> void onDisk(Callable<T> work, BiFunction<T, Throwable, Command> told) {
    DiskWork.run(getContext(), work, told);
  }

  private Behavior<Command> onPostStop(PostStop signal) {
    inbox.close();
    session.close();
    return this;
  }
}
