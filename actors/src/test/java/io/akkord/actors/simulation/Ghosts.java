package io.akkord.actors.simulation;

import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.LaneAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Blocks that come back from an attempt that is over, to where its successor listens. The same
 * attempt would have sent the same numbers; another one may have cut its slices elsewhere.
 */
final class Ghosts {
  private static final int MOST = 200;

  private record Ghost(BulkHeader header, ByteBuffer bytes) {}

  private final Simulation simulation;
  private final Deque<Ghost> seen = new ArrayDeque<>();

  Ghosts(Simulation simulation) {
    this.simulation = simulation;
  }

  void saw(BulkHeader header, ByteBuffer bytes) {
    if (header.kind() == Kind.GRADIENT || header.kind() == Kind.PARAMETERS) {
      ByteBuffer copy = ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
      seen.add(new Ghost(header, copy));
      if (seen.size() > MOST) {
        seen.removeFirst();
      }
    }
  }

  /** A step was committed: those of the next one come back. */
  void haunt(long attempt, long nextStep) {
    for (Ghost ghost : List.copyOf(seen)) {
      BulkHeader header = ghost.header();
      if (header.attempt() >= attempt || header.step() != nextStep) {
        continue;
      }
      BulkHeader told =
          simulation.planted.contains(Faults.NO_ATTEMPT_CHECK)
              ? new BulkHeader(
                  header.run(),
                  attempt,
                  header.step(),
                  header.assignment(),
                  header.kind(),
                  header.dtype(),
                  header.lo(),
                  header.hi(),
                  header.slice())
              : header;
      for (SimHost host : simulation.head.hostsAndControl()) {
        LaneAddress lane =
            header.kind() == Kind.PARAMETERS
                ? host.workerLane
                : host.sliceLanes.get(header.slice());
        if (lane != null) {
          simulation.network.haunt(host.process, lane, told, ghost.bytes());
        }
      }
    }
  }
}
