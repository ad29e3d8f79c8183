package io.akkord.actors.ledger;

import io.akkord.actors.ledger.Ledger.CloseCycle;
import io.akkord.actors.ledger.Ledger.CommitStep;
import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.ledger.Ledger.RewriteTask;
import io.akkord.actors.ledger.Ledger.StoreGroup;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.actors.ledger.LedgerSeed.FinishedGroup;
import io.akkord.actors.ledger.LedgerState.OpenCycle;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.CycleClosed;
import io.akkord.proto.LedgerEvent.CycleOpened;
import io.akkord.proto.LedgerEvent.GroupStored;
import io.akkord.proto.LedgerEvent.StepCommitted;
import io.akkord.proto.Rewrite;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Command and state in, decision out. */
final class LedgerDecisions {
  private LedgerDecisions() {}

  static Decision commit(LedgerState state, CommitStep command) {
    if (command.step() < state.committedSteps()) {
      return Decision.Repeat.INSTANCE;
    }
    if (command.step() > state.committedSteps()) {
      return new Decision.Refuse(
          "step " + command.step() + " came before step " + state.committedSteps());
    }
    if (state.openCycle().isPresent()) {
      return new Decision.Refuse(
          "step "
              + command.step()
              + " came while cycle "
              + state.openCycle().get().opened().getCycle()
              + " is open");
    }
    StepCommitted.Builder step =
        StepCommitted.newBuilder()
            .setStep(command.step())
            .setMean(command.mean())
            .setStd(command.std())
            .setSkipped(command.skipped());
    for (int i = 0; i < command.samples().length; i++) {
      if (command.samples()[i] < 0 || command.samples()[i] >= state.samples()) {
        return new Decision.Refuse(
            "step "
                + command.step()
                + " names sample "
                + command.samples()[i]
                + ", there are "
                + state.samples());
      }
      step.addSamples(command.samples()[i]).addCosts(command.costs()[i]);
    }
    return Decision.store(LedgerEvent.newBuilder().setStepCommitted(step));
  }

  static Decision open(LedgerState state, LedgerSetup setup, Ledger.OpenCycle command) {
    if (isClosed(state, command.cycle())) {
      return Decision.Repeat.INSTANCE;
    }
    if (state.openCycle().isPresent()) {
      int open = state.openCycle().get().opened().getCycle();
      return open == command.cycle()
          ? Decision.Repeat.INSTANCE
          : new Decision.Refuse("cycle " + command.cycle() + " while cycle " + open + " is open");
    }
    if (state.lastClosedCycle().orElse(-1) > command.cycle()) {
      return new Decision.Refuse(
          "cycle " + command.cycle() + " after cycle " + state.lastClosedCycle().getAsInt());
    }
    if (state.committedSteps() != command.committedSteps()) {
      return new Decision.Refuse(
          "cycle "
              + command.cycle()
              + " is to see exactly "
              + command.committedSteps()
              + " steps, the ledger holds "
              + state.committedSteps());
    }
    CycleOpened plan = LedgerPolicy.plan(state, setup, command.cycle());
    List<LedgerEvent> events = new ArrayList<>();
    events.add(LedgerEvent.newBuilder().setCycleOpened(plan).build());
    for (GroupStored group : finishedEarlier(setup, plan)) {
      events.add(LedgerEvent.newBuilder().setGroupStored(group).build());
    }
    return new Decision.Store(events);
  }

  /** Groups of earlier attempts that are groups of this plan too, the newest of each. */
  private static List<GroupStored> finishedEarlier(LedgerSetup setup, CycleOpened plan) {
    List<GroupStored> found = new ArrayList<>();
    List<FinishedGroup> earlier = setup.resume().map(LedgerSeed::finishedGroups).orElse(List.of());
    for (RewriteGroup group : groups(plan)) {
      earlier.stream()
          .filter(e -> e.committedSteps() == plan.getCommittedSteps())
          .map(FinishedGroup::group)
          .filter(e -> e.getCycle() == group.cycle() && e.getGroup() == group.group())
          .filter(e -> tasks(e).equals(group.tasks()))
          .reduce((first, second) -> second)
          .ifPresent(found::add);
    }
    return found;
  }

  static Decision store(LedgerState state, StoreGroup command) {
    if (isClosed(state, command.cycle())) {
      return Decision.Repeat.INSTANCE;
    }
    Optional<OpenCycle> open = openCycle(state, command.cycle());
    if (open.isEmpty()) {
      return new Decision.Refuse("a group of cycle " + command.cycle() + ", which is not open");
    }
    if (open.get().groups().containsKey(command.group())) {
      return Decision.Repeat.INSTANCE;
    }
    List<RewriteGroup> groups = groups(open.get().opened());
    if (command.group() < 0 || command.group() >= groups.size()) {
      return new Decision.Refuse(
          "group "
              + command.group()
              + " of cycle "
              + command.cycle()
              + ", which has "
              + groups.size());
    }
    List<RewriteTask> tasks = groups.get(command.group()).tasks();
    GroupStored group = group(command);
    if (!tasks(group).equals(tasks)) {
      return new Decision.Refuse(
          "group "
              + command.group()
              + " of cycle "
              + command.cycle()
              + " answers "
              + tasks(group)
              + " instead of "
              + tasks);
    }
    for (RewriteOutcome outcome : command.outcomes()) {
      if (outcome.accepted() && outcome.completionIds().length == 0) {
        return new Decision.Refuse("sample " + outcome.sample() + " got an empty completion");
      }
    }
    return Decision.store(LedgerEvent.newBuilder().setGroupStored(group));
  }

  static Decision close(LedgerState state, CloseCycle command) {
    if (isClosed(state, command.cycle())) {
      return Decision.Repeat.INSTANCE;
    }
    Optional<OpenCycle> open = openCycle(state, command.cycle());
    if (open.isEmpty()) {
      return new Decision.Refuse("cycle " + command.cycle() + " is not open");
    }
    List<Integer> missing = open.get().missing();
    if (!missing.isEmpty()) {
      return new Decision.Refuse("cycle " + command.cycle() + " still lacks groups " + missing);
    }
    TableStamp stamp = state.stampAfter(open.get().groups().values());
    int all = open.get().opened().getSamplesCount();
    int accepted =
        (int)
            open.get().groups().values().stream()
                .flatMap(group -> group.getOutcomesList().stream())
                .filter(Rewrite::getAccepted)
                .count();
    return Decision.store(
        LedgerEvent.newBuilder()
            .setCycleClosed(
                CycleClosed.newBuilder()
                    .setCycle(command.cycle())
                    .setTableVersion(stamp.version())
                    .setTableHash(stamp.hash())
                    .setAccepted(accepted)
                    .setRejected(all - accepted)));
  }

  /** The groups of an open or closed cycle that are not stored yet. */
  static Ledger.CycleOpened opened(LedgerState state, int cycle) {
    if (openCycle(state, cycle).isEmpty()) {
      return new Ledger.CycleOpened(cycle, List.of(), 0, "cycle " + cycle + " is closed already");
    }
    OpenCycle open = state.openCycle().orElseThrow();
    List<RewriteGroup> all = groups(open.opened());
    List<RewriteGroup> missing = open.missing().stream().map(all::get).toList();
    int done = all.size() - missing.size();
    String reason =
        open.opened().getReason()
            + (done == 0 ? "" : "; " + done + " of " + all.size() + " groups are done already");
    return new Ledger.CycleOpened(cycle, missing, open.opened().getCandidates(), reason);
  }

  static Ledger.CycleClosed closed(LedgerState state, int cycle) {
    return state.pastCycles().stream()
        .map(LedgerState.PastCycle::closed)
        .filter(closed -> closed.getCycle() == cycle)
        .map(
            closed ->
                new Ledger.CycleClosed(
                    cycle,
                    new TableStamp(closed.getTableVersion(), closed.getTableHash()),
                    closed.getAccepted(),
                    closed.getRejected()))
        .findFirst()
        .orElseThrow();
  }

  /** A plan cut into its groups: in candidate order, all of one size but the last. */
  static List<RewriteGroup> groups(CycleOpened plan) {
    List<RewriteTask> tasks =
        IntStream.range(0, plan.getSamplesCount())
            .mapToObj(i -> new RewriteTask(plan.getSamples(i), plan.getRevisions(i)))
            .toList();
    List<RewriteGroup> groups = new ArrayList<>();
    for (int from = 0; from < tasks.size(); from += plan.getGroupSize()) {
      int to = Math.min(from + plan.getGroupSize(), tasks.size());
      groups.add(
          new RewriteGroup(plan.getCycle(), groups.size(), List.copyOf(tasks.subList(from, to))));
    }
    return groups;
  }

  private static List<RewriteTask> tasks(GroupStored group) {
    return group.getOutcomesList().stream()
        .map(outcome -> new RewriteTask(outcome.getSample(), outcome.getRevision()))
        .toList();
  }

  private static GroupStored group(StoreGroup command) {
    GroupStored.Builder group =
        GroupStored.newBuilder().setCycle(command.cycle()).setGroup(command.group());
    command.outcomes().forEach(outcome -> group.addOutcomes(rewrite(outcome)));
    return group.build();
  }

  private static Rewrite rewrite(RewriteOutcome outcome) {
    Rewrite.Builder rewrite =
        Rewrite.newBuilder()
            .setSample(outcome.sample())
            .setRevision(outcome.revision())
            .setAccepted(outcome.accepted())
            .setReason(outcome.reason())
            .setText(outcome.text())
            .setCostBefore(outcome.costBefore())
            .setCostAfter(outcome.costAfter())
            .setPolicyVersion(outcome.policyVersion());
    for (int id : outcome.completionIds()) {
      rewrite.addCompletionIds(id);
    }
    return rewrite.build();
  }

  private static boolean isClosed(LedgerState state, int cycle) {
    return state.pastCycles().stream().anyMatch(past -> past.closed().getCycle() == cycle);
  }

  private static Optional<OpenCycle> openCycle(LedgerState state, int cycle) {
    return state.openCycle().filter(open -> open.opened().getCycle() == cycle);
  }
}
