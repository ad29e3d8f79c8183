package io.akkord.actors.run;

import io.akkord.actors.checkpoint.CheckpointContent;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.config.RunPlan;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What a run will write, estimated before it begins: a disk that fills up after days is found out
 * at once.
 *
 * @param checkpoints how many must fit beside those that are there
 * @param checkpoint bytes of one
 * @param model bytes of the final weights
 * @param journal bytes of the events of all steps
 */
record DiskNeed(int checkpoints, long checkpoint, long model, long journal) {
  private static final int MEBI = 20;

  /** Moving average, counts, revision and stamps of a sample in the ledger. */
  private static final long LEDGER_BYTES_OF_SAMPLE = 64;

  /** An event of the journal without its arrays, with its row and index. */
  private static final long EVENT = 512;

  /** Index and cost of a sample in the event of its step. */
  private static final long EVENT_BYTES_OF_SAMPLE = 8;

  /** Two snapshots, and a database that has not been compacted yet. */
  private static final int SLACK = 2;

  /**
   * The need of a run.
   *
   * @param elements parameters that are trained
   * @param kept whole checkpoints that are there already; the newest stays while the next is
   *     written
   */
  static DiskNeed of(
      RunPlan plan, long elements, CheckpointContent.Dtype dtype, long steps, int kept) {
    long ledger = plan.samples() * LEDGER_BYTES_OF_SAMPLE;
    long event = EVENT + plan.recipe().globalBatchSize() * EVENT_BYTES_OF_SAMPLE;
    return new DiskNeed(
        Math.max(1, 2 - kept),
        CheckpointContent.bytes(elements, dtype, ledger),
        elements * dtype.bytes(),
        SLACK * (steps * event + ledger));
  }

  long bytes() {
    return checkpoints * checkpoint + model + journal;
  }

  /**
   * Looks whether it is there.
   *
   * @throws UserError with what is needed, for what, and what is free
   */
  void require(FreeSpace space, Path outputDir) {
    try {
      space.require(outputDir, bytes());
    } catch (IOException e) {
      throw new UserError(
          "output_dir %s: %s for this run: %s (%d x checkpoint of %d MB, final model %d MB, journal some %d MB). Make room, or choose an output_dir on another disk."
              .formatted(
                  outputDir,
                  e.getMessage(),
                  space.text(outputDir, bytes()),
                  checkpoints,
                  checkpoint >> MEBI,
                  model >> MEBI,
                  journal >> MEBI),
          e);
    }
  }
}
