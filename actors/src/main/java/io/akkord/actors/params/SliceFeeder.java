package io.akkord.actors.params;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import io.akkord.actors.CborMessage;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.checkpoint.FlatSource;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Fills the copies of slices that a run starts with, from the model or a checkpoint. Runs where
 * waiting for a disk is allowed.
 */
public final class SliceFeeder {
  private static final int CHUNK_BYTES = 1 << 24;

  /** Send what a copy starts from to its lane. */
  public record Feed(int slice, LaneAddress lane) implements CborMessage {}

  private SliceFeeder() {}

  /**
   * The feeder of an attempt.
   *
   * @param version committed steps of what {@code initial} holds
   */
  public static Behavior<Feed> create(
      RunFacts facts, Bulk bulk, long version, SliceStore.Initial initial) {
    return Behaviors.receive(Feed.class)
        .onMessage(
            Feed.class,
            feed -> {
              send(facts, bulk, version, initial, feed);
              return Behaviors.same();
            })
        .build();
  }

  private static void send(
      RunFacts facts, Bulk bulk, long version, SliceStore.Initial initial, Feed feed)
      throws IOException {
    Map<Kind, FlatSource> parts = new LinkedHashMap<>();
    parts.put(Kind.SNAPSHOT_WEIGHTS, initial.weights());
    if (initial.firstMoment() != null) {
      parts.put(Kind.SNAPSHOT_FIRST_MOMENT, initial.firstMoment());
      parts.put(Kind.SNAPSHOT_SECOND_MOMENT, initial.secondMoment());
    }
    Slice slice = facts.slices().get(feed.slice());
    int width = SliceBlocks.state(facts).bytes();
    for (Map.Entry<Kind, FlatSource> part : parts.entrySet()) {
      BulkHeader header =
          new BulkHeader(
              facts.runId(),
              facts.attempt(),
              version,
              0,
              part.getKey(),
              SliceBlocks.state(facts),
              0,
              parts.size(),
              slice.index());
      bulk.send(feed.lane(), header, read(part.getValue(), slice, width));
    }
  }

  private static ByteBuffer read(FlatSource source, Slice slice, int width) throws IOException {
    ByteBuffer all =
        ByteBuffer.allocateDirect(Math.toIntExact(slice.elements() * width))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at < all.capacity(); at += CHUNK_BYTES) {
      int bytes = Math.min(CHUNK_BYTES, all.capacity() - at);
      ByteBuffer window = all.slice(at, bytes).order(ByteOrder.LITTLE_ENDIAN);
      source.read(slice.from() + at / width, window);
    }
    return all;
  }
}
