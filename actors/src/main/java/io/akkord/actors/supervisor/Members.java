package io.akkord.actors.supervisor;

import akka.actor.typed.ActorRef;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.params.Assignment;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.actors.worker.WorkerHost;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who takes part in an attempt, who of them leaves, who could not come, and who computes which
 * shards. The supervisor's own thread only.
 */
final class Members {
  /** A worker of this attempt. */
  record Member(
      ActorRef<GpuWorker.Command> ref, LaneAddress lane, ActorRef<WorkerHost.Command> host) {}

  private final int wanted;
  private final int shards;
  private final Map<String, Member> here = new LinkedHashMap<>();

  /** Why each of them leaves; members until nothing of them is needed. */
  private final Map<String, String> leaving = new LinkedHashMap<>();

  private final Map<String, String> failures = new LinkedHashMap<>();
  private final Set<ActorRef<GpuWorker.Command>> over = new HashSet<>();
  private Assignment assignment;

  /**
   * Nobody yet.
   *
   * @param wanted how many workers the run is started with
   * @param shards logical ones of a step
   */
  Members(int wanted, int shards) {
    this.wanted = wanted;
    this.shards = shards;
  }

  // ---- who is here ------------------------------------------------------------------------------

  /** A member, or null. */
  Member get(String worker) {
    return here.get(worker);
  }

  boolean has(String worker) {
    return here.containsKey(worker);
  }

  int count() {
    return here.size();
  }

  boolean isEmpty() {
    return here.isEmpty();
  }

  /** All members by id, in the order in which they came. */
  Map<String, Member> all() {
    return Collections.unmodifiableMap(here);
  }

  /** What the members are told through. */
  Map<String, ActorRef<GpuWorker.Command>> refs() {
    Map<String, ActorRef<GpuWorker.Command>> refs = new LinkedHashMap<>();
    here.forEach((id, member) -> refs.put(id, member.ref()));
    return refs;
  }

  void join(String worker, Member member) {
    here.put(worker, member);
    failures.remove(worker);
  }

  /** Takes a member out; returns it, or null if it is none. */
  Member remove(String worker, String reason) {
    Member member = here.remove(worker);
    if (member != null) {
      failures.put(worker, reason);
      over.add(member.ref());
      leaving.remove(worker);
    }
    return member;
  }

  // ---- who is not -------------------------------------------------------------------------------

  /** Somebody who never becomes a member. */
  void refuse(String worker, ActorRef<GpuWorker.Command> ref, String reason) {
    failures.put(worker, reason);
    over.add(ref);
  }

  /** Whether the run goes on without this actor, whatever it says. */
  boolean isOver(ActorRef<GpuWorker.Command> ref) {
    return over.contains(ref);
  }

  /** Somebody's reason; returns whether there was none before. */
  boolean fail(String worker, String reason) {
    return failures.put(worker, reason) == null;
  }

  String failureOf(String worker) {
    return failures.getOrDefault(worker, "it ended without a word");
  }

  Set<String> failed() {
    return Collections.unmodifiableSet(failures.keySet());
  }

  /** All reasons, each behind a semicolon. */
  String failureText() {
    StringBuilder text = new StringBuilder();
    failures.forEach(
        (worker, reason) -> text.append("; ").append(worker).append(": ").append(reason));
    return text.toString();
  }

  /** Whether every worker the run was started with is here or will not come. */
  boolean nobodyIsMissing() {
    long failed = failures.keySet().stream().filter(worker -> !has(worker)).count();
    return !here.isEmpty() && here.size() + failed >= wanted;
  }

  /** Whether none of the workers the run was started with could start. */
  boolean nobodyCame() {
    return here.isEmpty() && failures.size() >= wanted;
  }

  // ---- who leaves -------------------------------------------------------------------------------

  /** From now on it gets nothing new; returns false if that is known. */
  boolean leave(String worker, String reason) {
    return leaving.putIfAbsent(worker, reason) == null;
  }

  boolean leaves(String worker) {
    return leaving.containsKey(worker);
  }

  /** Why each leaves. */
  Map<String, String> leaving() {
    return Collections.unmodifiableMap(leaving);
  }

  boolean allLeave() {
    return !leaving.isEmpty() && leaving.size() == here.size();
  }

  /**
   * Who takes work and slices: members that do not leave, or all of them if there are no others.
   */
  List<String> staying() {
    List<String> all = here.keySet().stream().sorted().toList();
    List<String> stay = all.stream().filter(id -> !leaves(id)).toList();
    return stay.isEmpty() ? all : stay;
  }

  // ---- who computes what ------------------------------------------------------------------------

  /** The shares of an attempt's first step, or even shares when the members have changed. */
  Assignment divide() {
    long number = assignment == null ? 1 : assignment.number() + 1;
    assignment = Assignment.of(number, shards, staying());
    return assignment;
  }

  /**
   * The shards of whoever is gone or leaves go round the others; all others stay where they are.
   */
  Assignment reassign() {
    List<String> stay = staying();
    List<String> owners = new ArrayList<>(assignment.owners());
    int next = 0;
    for (int shard = 0; shard < owners.size(); shard++) {
      if (!stay.contains(owners.get(shard))) {
        owners.set(shard, stay.get(next++ % stay.size()));
      }
    }
    assignment = new Assignment(assignment.number() + 1, owners);
    return assignment;
  }

  /** Somebody else has moved shards. */
  void moved(Assignment to) {
    assignment = to;
  }
}
