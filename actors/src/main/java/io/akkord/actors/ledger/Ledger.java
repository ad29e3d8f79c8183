package io.akkord.actors.ledger;

import akka.actor.typed.ActorRef;
import io.akkord.actors.CborMessage;
import java.util.List;

/** Keeps the score history of every demonstration and decides which of them are rewritten. */
public final class Ledger {

  /** What the ledger can be told. Whoever tells it something re-sends until it is answered. */
  public sealed interface Command extends CborMessage {}

  /**
   * Stores one optimiser step. A stored step is acknowledged again; a step out of order is answered
   * with the last stored step and stores nothing.
   *
   * @param step 0-based
   * @param samples data-set indices in batch order
   * @param costs c of each sample in nats per token, in the same order
   * @param mean mean of the batch's costs
   * @param std population standard deviation of the batch's costs
   * @param skipped the step moved no weight, so it moves no average
   */
  @SuppressWarnings("ArrayRecordComponent") // dense numbers; nobody compares commands
  public record CommitStep(
      long step,
      int[] samples,
      float[] costs,
      double mean,
      double std,
      boolean skipped,
      ActorRef<StepStored> replyTo)
      implements Command {}

  /**
   * Opens rewriting cycle {@code cycle} once exactly the steps below {@code committedSteps} are
   * stored.
   */
  public record OpenCycle(int cycle, long committedSteps, ActorRef<CycleOpened> replyTo)
      implements Command {}

  /** Stores what became of one group of an open cycle. */
  public record StoreGroup(
      int cycle, int group, List<RewriteOutcome> outcomes, ActorRef<GroupStored> replyTo)
      implements Command {}

  /** Ends a cycle all of whose groups are stored; from here on its rewrites are visible. */
  public record CloseCycle(int cycle, ActorRef<CycleClosed> replyTo) implements Command {}

  /** Asks for the rewrites in force. */
  public record PullTable(ActorRef<TableContent> replyTo) implements Command {}

  /** Writes the whole state to a file, for a checkpoint after {@code committedSteps} steps. */
  public record SaveTo(String file, long committedSteps, ActorRef<Saved> replyTo)
      implements Command {}

  /** {@code step} is on disk, and so are all before it; −1 when none is. */
  public record StepStored(long step) implements CborMessage {}

  /**
   * The groups still to be rewritten.
   *
   * @param candidates how many samples were candidates before the coin
   * @param reason how they were chosen, or why there are none
   */
  public record CycleOpened(
      int cycle, List<RewriteGroup> missingGroups, int candidates, String reason)
      implements CborMessage {}

  /** The unit of rewriting: these samples are generated in one batch, whoever computes it. */
  public record RewriteGroup(int cycle, int group, List<RewriteTask> tasks)
      implements CborMessage {}

  /** A sample to rewrite and the revision the rewrite would have. */
  public record RewriteTask(int sample, int nextRevision) implements CborMessage {}

  /** The group is on disk. */
  public record GroupStored(int cycle, int group) implements CborMessage {}

  /**
   * What became of one task.
   *
   * @param revision the task's {@code nextRevision}
   * @param reason why it was accepted or not
   * @param completionIds the new completion, with EOS when accepted
   * @param costBefore c of the completion in force, in nats per token
   * @param costAfter c of the new one; NaN if it was not scored
   * @param policyVersion committed steps of the weights that wrote it
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record RewriteOutcome(
      int sample,
      int revision,
      boolean accepted,
      String reason,
      int[] completionIds,
      String text,
      double costBefore,
      double costAfter,
      long policyVersion)
      implements CborMessage {}

  /** The cycle's end is on disk and its rewrites are in force. */
  public record CycleClosed(int cycle, TableStamp table, int accepted, int rejected)
      implements CborMessage {}

  /**
   * Names one state of the rewrite table.
   *
   * @param version number of closed cycles
   * @param hash SHA-256 in hex over (sample, revision, ids) in sample order
   */
  public record TableStamp(long version, String hash) implements CborMessage {}

  /** The rewrites in force, by rising sample index. */
  public record TableContent(TableStamp stamp, List<RewrittenSample> samples)
      implements CborMessage {}

  /** A sample whose completion was replaced. */
  @SuppressWarnings("ArrayRecordComponent")
  public record RewrittenSample(int sample, int revision, int[] completionIds)
      implements CborMessage {}

  /**
   * The answer to {@link SaveTo}.
   *
   * @param sequenceNr the last journal event in the file
   * @param error what went wrong, or null
   */
  public record Saved(long committedSteps, long sequenceNr, String error) implements CborMessage {}

  private Ledger() {}
}
