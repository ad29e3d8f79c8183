package io.akkord.actors.run;

import akka.actor.ActorCell;
import akka.actor.ActorRef;
import akka.actor.ActorRefWithCell;
import akka.actor.Cell;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Adapter;
import java.util.ArrayList;
import java.util.List;
import scala.jdk.javaapi.CollectionConverters;

/** The actors of a run as they stand, without asking any of them. */
public final class ActorTree {
  /** More than this many is a leak somewhere; the rest is left out. */
  private static final int LIMIT = 2_000;

  private ActorTree() {}

  /**
   * One actor.
   *
   * @param path below the guardian
   * @param depth 0 for the guardian's children
   * @param state running, suspended or stopping
   * @param mailbox messages that wait
   */
  public record Row(String path, int depth, String state, int mailbox) {}

  /** The actors of runs and of hosts in a system. */
  public static List<Row> of(ActorSystem<?> system) {
    List<Row> rows = new ArrayList<>();
    // Runs come and go in a system that others may share, so they live beside its own guardian.
    children(Adapter.toClassic(system).provider().systemGuardian(), "", 0, rows);
    rows.removeIf(row -> !row.path().startsWith("run-") && !row.path().startsWith("host-of-"));
    return rows;
  }

  private static void children(ActorRefWithCell parent, String path, int depth, List<Row> rows) {
    for (ActorRef child :
        CollectionConverters.asJava(parent.underlying().childrenRefs().children())) {
      String name = child.path().name();
      if (child instanceof ActorRefWithCell cell && !name.startsWith("$") && rows.size() < LIMIT) {
        Cell it = cell.underlying();
        rows.add(new Row(path + name, depth, state(it), it.numberOfMessages()));
        children(cell, path + name + "/", depth + 1, rows);
      }
    }
  }

  private static String state(Cell cell) {
    if (cell.isTerminated()) {
      return "stopping";
    }
    return cell instanceof ActorCell actor && actor.mailbox().isSuspended()
        ? "suspended"
        : "running";
  }
}
