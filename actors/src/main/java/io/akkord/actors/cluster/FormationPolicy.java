package io.akkord.actors.cluster;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Whether a control node without a cluster may begin one: only if it hears most of the control
 * nodes and none of them has one. So a node that is started anew behind a cut network begins
 * nothing beside the cluster that lives.
 */
final class FormationPolicy {
  /** What to do now. */
  enum Verdict {
    /** Be the first member. */
    BEGIN,
    /** Somebody has a cluster, or is about to have one. */
    JOIN,
    /** There are too few to begin. */
    WAIT
  }

  /** With its reason, for the log and for the message at the end. */
  record Decision(Verdict verdict, String reason) {}

  private FormationPolicy() {}

  /** How many of the control nodes are most of them. */
  static int majority(int controlNodes) {
    return controlNodes / 2 + 1;
  }

  /**
   * Decides.
   *
   * @param control addresses of all control nodes, in any order
   * @param self one of them
   * @param heard those that have answered lately, and whether they are part of a cluster
   */
  static Decision decide(Collection<String> control, String self, Map<String, Boolean> heard) {
    List<String> members =
        heard.keySet().stream().filter(heard::get).filter(control::contains).sorted().toList();
    if (!members.isEmpty()) {
      return new Decision(Verdict.JOIN, "%s are part of a cluster".formatted(members));
    }
    TreeSet<String> here = new TreeSet<>(heard.keySet());
    here.retainAll(control);
    here.add(self);
    int needed = majority(control.size());
    if (here.size() < needed) {
      return new Decision(
          Verdict.WAIT,
          "of the control nodes %s only this one, %s, is heard; a cluster begins when %d of %d hear each other"
              .formatted(new TreeSet<>(control), self, needed, control.size()));
    }
    // The addresses decide, not the order of the list: everybody comes to the same result.
    return here.first().equals(self)
        ? new Decision(Verdict.BEGIN, "%s hear each other and none has a cluster".formatted(here))
        : new Decision(Verdict.JOIN, "%s is to begin the cluster".formatted(here.first()));
  }
}
