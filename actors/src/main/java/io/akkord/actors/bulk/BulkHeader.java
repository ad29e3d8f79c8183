package io.akkord.actors.bulk;

import io.akkord.actors.CborMessage;

/**
 * What a block of bytes is.
 *
 * @param run the run's id
 * @param attempt 1-based
 * @param step of a gradient (0-based); version of parameters and snapshots
 * @param assignment under which a gradient was computed; nanoseconds that the copy of a snapshot
 *     for a checkpoint took; 0 for everything else
 * @param kind what the numbers stand for
 * @param dtype what they are
 * @param lo first logical shard of a gradient's subtree
 * @param hi behind its last logical shard
 * @param slice index of the parameter slice
 */
public record BulkHeader(
    String run,
    long attempt,
    long step,
    long assignment,
    Kind kind,
    Dtype dtype,
    int lo,
    int hi,
    int slice)
    implements CborMessage {

  /** What the numbers stand for. */
  public enum Kind {
    GRADIENT,
    PARAMETERS,
    SNAPSHOT_WEIGHTS,
    SNAPSHOT_FIRST_MOMENT,
    SNAPSHOT_SECOND_MOMENT,
    /** Bytes of a file: run is the content's id, step the chunk, slice the file. */
    FILE
  }
}
