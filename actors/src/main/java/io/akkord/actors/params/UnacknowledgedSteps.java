package io.akkord.actors.params;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.TimerScheduler;
import io.akkord.actors.ledger.Ledger;
import io.akkord.config.Settings;
import java.util.Set;
import java.util.TreeMap;

/**
 * Committed steps that the ledger has not acknowledged: they are sent again until it has, and a
 * step that would be one too many waits.
 *
 * @param <T> what the owning actor is told when it is time to send again
 */
final class UnacknowledgedSteps<T> {
  private static final Object RESEND = "resend";

  private final ActorRef<Ledger.Command> ledger;
  private final ActorRef<Ledger.StepStored> replyTo;
  private final TimerScheduler<T> timers;
  private final T resend;
  private final Settings settings;
  private final TreeMap<Long, Ledger.CommitStep> steps = new TreeMap<>();
  private Runnable waiting;
  private boolean isFinal;

  UnacknowledgedSteps(
      ActorRef<Ledger.Command> ledger,
      ActorRef<Ledger.StepStored> replyTo,
      TimerScheduler<T> timers,
      T resend,
      Settings settings) {
    this.ledger = ledger;
    this.replyTo = replyTo;
    this.timers = timers;
    this.resend = resend;
    this.settings = settings;
  }

  /**
   * Commits now, or when the ledger has caught up.
   *
   * @param decided whatever becomes of the workers meanwhile
   */
  void whenThereIsRoom(boolean decided, Runnable commit) {
    if (full()) {
      waiting = commit;
      isFinal = decided;
    } else {
      commit.run();
    }
  }

  /** The sums of the step that waits are void: it is decided anew, unless it needs none. */
  void sumsAreVoid() {
    if (!isFinal) {
      waiting = null;
    }
  }

  boolean keepsAStepWaiting() {
    return waiting != null;
  }

  /** The steps' numbers. */
  Set<Long> numbers() {
    return steps.keySet();
  }

  void store(CommitRecord record) {
    Ledger.CommitStep commit =
        new Ledger.CommitStep(
            record.step(),
            record.samples(),
            record.costs(),
            record.mean(),
            record.std(),
            record.skipped(),
            replyTo);
    steps.put(record.step(), commit);
    ledger.tell(commit);
    if (!timers.isTimerActive(RESEND)) {
      armResend();
    }
  }

  /** All steps up to this one are in the journal. */
  void stored(long step) {
    steps.headMap(step, true).clear();
    if (steps.isEmpty()) {
      timers.cancel(RESEND);
    } else {
      armResend();
    }
    if (waiting != null && !full()) {
      Runnable commit = waiting;
      waiting = null;
      commit.run();
    }
  }

  void sendAgain() {
    steps.values().forEach(ledger::tell);
    armResend();
  }

  private boolean full() {
    return steps.size() >= settings.ledger().maxUnacknowledged();
  }

  private void armResend() {
    timers.startSingleTimer(RESEND, resend, settings.deadlines().ledgerAcknowledgement());
  }
}
