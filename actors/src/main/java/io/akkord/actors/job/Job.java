package io.akkord.actors.job;

import io.akkord.actors.CborMessage;

/**
 * A run that the cluster was asked for. Times are milliseconds since 1970; 0: not yet.
 *
 * @param id job-1, job-2, …
 * @param begun how often it was begun; more than once if the node that ran it was lost
 * @param node that ran it last; empty while it waits
 * @param reason why it ended so; empty before
 */
public record Job(
    String id,
    Order order,
    State state,
    int begun,
    String node,
    String reason,
    long committedSteps,
    boolean stopAsked,
    long submittedAt,
    long startedAt,
    long endedAt)
    implements CborMessage {

  /** Where a job stands. */
  public enum State {
    PENDING,
    RUNNING,
    FINISHED,
    STOPPED,
    FAILED;

    /** Whether nothing more comes. */
    public boolean over() {
      return this != PENDING && this != RUNNING;
    }

    /** As people read it. */
    public String text() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  static Job submitted(String id, Order order, long at) {
    return new Job(id, order, State.PENDING, 0, "", "", 0, false, at, 0, 0);
  }

  Job started(String onNode, long at) {
    long first = startedAt == 0 ? at : startedAt;
    return new Job(
        id,
        order,
        State.RUNNING,
        begun + 1,
        onNode,
        "",
        committedSteps,
        stopAsked,
        submittedAt,
        first,
        0);
  }

  Job asked() {
    return new Job(
        id,
        order,
        state,
        begun,
        node,
        reason,
        committedSteps,
        true,
        submittedAt,
        startedAt,
        endedAt);
  }

  Job ended(State how, String why, long steps, long at) {
    return new Job(id, order, how, begun, node, why, steps, stopAsked, submittedAt, startedAt, at);
  }
}
