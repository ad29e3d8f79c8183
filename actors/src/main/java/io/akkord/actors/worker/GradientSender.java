package io.akkord.actors.worker;

import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.params.SliceBlocks;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.worker.Compute.PartialSum;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Sends partial sums to every copy of every slice and gives their memory back after the last. */
final class GradientSender {
  private final RunFacts facts;
  private final Bulk bulk;
  private final PhaseClock phases;
  private final List<CompletableFuture<?>> sends = new ArrayList<>();
  private List<List<LaneAddress>> lanes = List.of();

  GradientSender(RunFacts facts, Bulk bulk, PhaseClock phases) {
    this.facts = facts;
    this.bulk = bulk;
    this.phases = phases;
  }

  /** Where each slice goes from now on. */
  void use(List<List<LaneAddress>> newLanes) {
    lanes = newLanes;
  }

  void send(long step, long assignment, List<PartialSum> sums) {
    sends.removeIf(CompletableFuture::isDone);
    sums.forEach(sum -> send(step, assignment, sum));
  }

  private void send(long step, long assignment, PartialSum sum) {
    List<CompletableFuture<?>> parts = new ArrayList<>();
    for (int i = 0; i < facts.slices().size(); i++) {
      BulkHeader header =
          new BulkHeader(
              facts.runId(),
              facts.attempt(),
              step,
              assignment,
              Kind.GRADIENT,
              SliceBlocks.wire(facts),
              sum.node().lo(),
              sum.node().hi(),
              facts.slices().get(i).index());
      for (LaneAddress lane : lanes.get(i)) {
        // A copy that is lost takes nothing; those that live count.
        parts.add(
            bulk.send(lane, header, sum.slices().get(i))
                .toCompletableFuture()
                .exceptionally(lost -> null));
      }
    }
    sends.add(
        CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
            .whenComplete(
                (released, failure) -> {
                  phases.pushed();
                  sum.release().run();
                }));
  }

  /** Completes when nobody reads what was sent. */
  CompletableFuture<Void> released() {
    return CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new));
  }
}
