package io.akkord.actors.ledger;

import io.akkord.actors.ledger.Ledger.CommitStep;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerRules;
import java.util.ArrayList;
import java.util.List;

/** The ledger's decisions and state over a disk that forgets what was not forced. */
public final class PureLedger {
  private final LedgerRules rules;
  private final List<LedgerEvent> events = new ArrayList<>();
  private LedgerState state;
  private int durable;

  /** An empty ledger. */
  public PureLedger(int samples) {
    rules = LedgerRules.newBuilder().setSamples(samples).setDecay(0.9).setEpsilon(1e-6).build();
    state = new LedgerState(rules);
  }

  /** Decides and writes; what may be acknowledged once the disk was forced, −1 for nothing. */
  public long commit(CommitStep command) {
    Decision decision = LedgerDecisions.commit(state, command);
    if (decision instanceof Decision.Store store) {
      store.events().forEach(state::apply);
      events.addAll(store.events());
    }
    return decision instanceof Decision.Refuse ? state.committedSteps() - 1 : command.step();
  }

  /** Forces the disk. */
  public void sync() {
    durable = events.size();
  }

  /** Steps that would survive a power loss. */
  public long durable() {
    return durable;
  }

  /** Power is lost and comes back. */
  public void crash() {
    events.subList(durable, events.size()).clear();
    state = new LedgerState(rules);
    events.forEach(state::apply);
  }

  /** What it knows. */
  public LedgerState state() {
    return state;
  }

  /** Samples of every committed step, in order. */
  public List<List<Integer>> samples() {
    return events.stream().map(e -> e.getStepCommitted().getSamplesList()).toList();
  }
}
