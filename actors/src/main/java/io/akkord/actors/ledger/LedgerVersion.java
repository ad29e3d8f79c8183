package io.akkord.actors.ledger;

import io.akkord.proto.LedgerEvent.CycleOpened;
import io.akkord.proto.Rewrite;

/**
 * One attempt to replace a sample's completion.
 *
 * @param cycle that tried it
 * @param committedSteps when
 * @param revision it has, or would have had
 * @param accepted whether it was put in force
 * @param reason why or why not
 * @param completionIds the text's tokens
 * @param costBefore c of the completion in force then, nats per token
 * @param costAfter c of this one; NaN if it was not scored
 * @param policyVersion committed steps of the weights that wrote it
 */
@SuppressWarnings("ArrayRecordComponent")
public record LedgerVersion(
    int sample,
    int cycle,
    long committedSteps,
    int revision,
    boolean accepted,
    String reason,
    int[] completionIds,
    String text,
    double costBefore,
    double costAfter,
    long policyVersion) {

  static LedgerVersion of(CycleOpened cycle, Rewrite rewrite) {
    return new LedgerVersion(
        rewrite.getSample(),
        cycle.getCycle(),
        cycle.getCommittedSteps(),
        rewrite.getRevision(),
        rewrite.getAccepted(),
        rewrite.getReason(),
        RewriteTable.ids(rewrite),
        rewrite.getText(),
        rewrite.getCostBefore(),
        rewrite.getCostAfter(),
        rewrite.getPolicyVersion());
  }
}
