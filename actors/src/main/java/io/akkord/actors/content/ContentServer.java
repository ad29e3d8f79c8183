package io.akkord.actors.content;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.akkord.actors.CborMessage;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.model.UserError;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * Sends chunks of offered files, a bounded number at a time for all askers together, so that
 * gradients never wait behind many of them. It knows nothing of what it has sent: whoever misses a
 * chunk asks again.
 */
public final class ContentServer extends AbstractBehavior<ContentServer.Command> {
  /** Wants that wait; one more is dropped and asked again. Enough for 1000 nodes of 4. */
  private static final int MOST_WAITING = 4096;

  /** What the server can be told. */
  public sealed interface Command extends CborMessage {}

  /**
   * Send a chunk.
   *
   * @param content id of its manifest
   * @param file index in the manifest
   * @param chunk comes back as the step of the block
   * @param offset of the first byte
   * @param length bytes
   * @param lane where to
   * @param replyTo hears if it cannot be sent
   */
  public record Want(
      String content,
      int file,
      long chunk,
      long offset,
      int length,
      LaneAddress lane,
      ActorRef<ContentFetcher.Command> replyTo)
      implements Command {}

  private record Sent(long number, Throwable failure) implements Command {}

  private record Overdue(long number) implements Command {}

  private final Bulk bulk;
  private final ChunkReader reader;
  private final ContentSettings settings;
  private final Executor blockingIo;
  private final TimerScheduler<Command> timers;
  private final Set<Want> waiting = new LinkedHashSet<>();
  private final Map<Long, Want> underWay = new HashMap<>();
  private long nextNumber = 1;

  /** A server of what is offered. */
  public static Behavior<Command> create(
      Bulk bulk, ContentOffers offers, ContentSettings settings) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> new ContentServer(context, timers, bulk, offers, settings)));
  }

  private ContentServer(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Bulk bulk,
      ContentOffers offers,
      ContentSettings settings) {
    super(context);
    context.setLoggerName(ContentServer.class);
    this.timers = timers;
    this.bulk = bulk;
    this.reader = new ChunkReader(offers);
    this.settings = settings;
    this.blockingIo =
        context
            .getSystem()
            .dispatchers()
            .lookup(DispatcherSelector.fromConfig("akkord.blocking-io"));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Want.class, this::onWant)
        .onMessage(Sent.class, this::onSent)
        .onMessage(Overdue.class, this::onOverdue)
        .build();
  }

  private Behavior<Command> onWant(Want want) {
    if (waiting.size() < MOST_WAITING && !underWay.containsValue(want)) {
      waiting.add(want);
      sendNext();
    }
    return this;
  }

  private void sendNext() {
    while (underWay.size() < settings.chunksSent() && !waiting.isEmpty()) {
      Want want = waiting.iterator().next();
      waiting.remove(want);
      long number = nextNumber++;
      underWay.put(number, want);
      timers.startSingleTimer(number, new Overdue(number), settings.chunkDeadline());
      getContext().pipeToSelf(send(want), (done, failure) -> new Sent(number, failure));
    }
  }

  private CompletionStage<Void> send(Want want) {
    BulkHeader header =
        new BulkHeader(
            want.content(),
            1,
            want.chunk(),
            0,
            BulkHeader.Kind.FILE,
            Dtype.BYTES,
            0,
            0,
            want.file());
    return CompletableFuture.supplyAsync(
            () -> bulk.send(want.lane(), header, reader.read(want)), blockingIo)
        .thenCompose(Function.identity());
  }

  private Behavior<Command> onSent(Sent sent) {
    Want want = underWay.remove(sent.number());
    timers.cancel(sent.number());
    if (want != null && sent.failure() != null) {
      onFailure(want, sent.failure());
    }
    sendNext();
    return this;
  }

  private void onFailure(Want want, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    boolean lasting = cause instanceof UserError;
    getContext().getLog().info("{} was not sent: {}", want, String.valueOf(cause.getMessage()));
    want.replyTo()
        .tell(
            new ContentFetcher.Refused(
                want.content(),
                want.file(),
                want.chunk(),
                String.valueOf(cause.getMessage()),
                lasting));
  }

  private Behavior<Command> onOverdue(Overdue overdue) {
    Want want = underWay.remove(overdue.number());
    if (want != null) {
      getContext()
          .getLog()
          .warn(
              "{} has not taken chunk {} of file {} within {}; its place goes to others",
              want.replyTo().path(),
              want.chunk(),
              want.file(),
              settings.chunkDeadline());
    }
    sendNext();
    return this;
  }
}
