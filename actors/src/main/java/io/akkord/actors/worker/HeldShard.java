package io.akkord.actors.worker;

import io.akkord.actors.params.ShardScore;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.engine.BatchScores;
import io.akkord.model.engine.HeldForward;
import io.akkord.model.engine.SampleScore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A logical shard between its forward and its backward: micro-batches and, where memory allowed,
 * their graphs.
 */
final class HeldShard {
  /** A micro-batch; {@code held} is null where only its scores were kept. */
  record Part(MicroBatch batch, BatchScores scores, HeldForward held) {}

  private final int shard;
  private final List<Part> parts = new ArrayList<>();

  HeldShard(int shard) {
    this.shard = shard;
  }

  void add(Part part) {
    parts.add(part);
  }

  int shard() {
    return shard;
  }

  List<Part> parts() {
    return parts;
  }

  ShardScore score() {
    List<SampleScore> samples = parts.stream().flatMap(p -> p.scores().samples().stream()).toList();
    return new ShardScore(
        shard,
        parts.stream().flatMapToInt(p -> Arrays.stream(p.batch().sampleIndex())).toArray(),
        samples.stream().mapToDouble(SampleScore::nll).toArray(),
        samples.stream().mapToDouble(SampleScore::dft).toArray(),
        samples.stream().mapToDouble(SampleScore::meanP).toArray(),
        samples.stream().mapToInt(SampleScore::tokens).toArray(),
        parts.stream().mapToInt(p -> p.batch().samples()).toArray(),
        parts.stream().mapToDouble(p -> p.scores().entropySum()).sum(),
        parts.stream().mapToInt(p -> p.scores().entropyCount()).sum());
  }

  void drop() {
    parts.stream().filter(p -> p.held() != null).forEach(p -> p.held().close());
    parts.clear();
  }
}
