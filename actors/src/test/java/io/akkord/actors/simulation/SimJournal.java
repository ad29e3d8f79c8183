package io.akkord.actors.simulation;

import akka.dispatch.Futures;
import akka.persistence.AtomicWrite;
import akka.persistence.PersistentRepr;
import akka.persistence.journal.japi.AsyncWriteJournal;
import com.typesafe.config.Config;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import scala.concurrent.Future;
import scala.concurrent.Promise;
import scala.jdk.javaapi.CollectionConverters;

/** The journal plugin of the simulated head. */
public final class SimJournal extends AsyncWriteJournal {
  private final SimLoop loop;

  /** As Akka asks for it. */
  public SimJournal(Config config) {
    this.loop = SimLoop.of(config.getString("loop"));
  }

  @Override
  public Future<Iterable<Optional<Exception>>> doAsyncWriteMessages(Iterable<AtomicWrite> writes) {
    Promise<Iterable<Optional<Exception>>> promise = Futures.promise();
    List<PersistentRepr> events = new ArrayList<>();
    String id = null;
    for (AtomicWrite write : writes) {
      id = write.persistenceId();
      events.addAll(CollectionConverters.asJava(write.payload()));
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    done.whenComplete(
        (written, failure) -> {
          if (failure != null) {
            promise.failure(failure);
          } else {
            promise.success(List.of());
          }
        });
    loop.disk.write(id, events, done);
    return promise.future();
  }

  @Override
  public Future<Void> doAsyncDeleteMessagesTo(String persistenceId, long toSequenceNr) {
    return Futures.successful(null);
  }

  @Override
  public Future<Void> doAsyncReplayMessages(
      String persistenceId,
      long fromSequenceNr,
      long toSequenceNr,
      long max,
      Consumer<PersistentRepr> replay) {
    loop.disk.events(persistenceId).stream()
        .filter(e -> e.sequenceNr() >= fromSequenceNr && e.sequenceNr() <= toSequenceNr)
        .limit(max)
        .forEach(replay);
    return Futures.successful(null);
  }

  @Override
  public Future<Long> doAsyncReadHighestSequenceNr(String persistenceId, long fromSequenceNr) {
    return Futures.successful((long) loop.disk.events(persistenceId).size());
  }
}
