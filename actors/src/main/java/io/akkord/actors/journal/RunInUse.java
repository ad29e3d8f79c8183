package io.akkord.actors.journal;

/**
 * Cause of the {@link io.akkord.model.UserError} that says that another process has a run's journal
 * open. A process that was frozen lets go of it when it goes on or ends.
 */
public final class RunInUse extends Exception {
  private static final long serialVersionUID = 1;

  /** Without more to say. */
  public RunInUse() {
    super("another process has the lock");
  }
}
