package io.akkord.actors.ledger;

import io.akkord.actors.ledger.Ledger.RewrittenSample;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.model.objective.Moments;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.CycleClosed;
import io.akkord.proto.LedgerEvent.CycleOpened;
import io.akkord.proto.LedgerEvent.GroupStored;
import io.akkord.proto.LedgerEvent.StepCommitted;
import io.akkord.proto.LedgerImage;
import io.akkord.proto.LedgerRules;
import io.akkord.proto.Rewrite;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * What the ledger knows of every sample, in dense arrays: 20 bytes a sample, so ten million samples
 * fit where a map of objects would not. Applying an event changes it in place and depends on
 * nothing but the event; one thread owns it.
 */
public final class LedgerState {

  /** A cycle that has been opened and not yet closed, with the groups stored so far. */
  record OpenCycle(CycleOpened opened, TreeMap<Integer, GroupStored> groups) {

    int groupCount() {
      int size = opened.getGroupSize();
      return (opened.getSamplesCount() + size - 1) / size;
    }

    List<Integer> missing() {
      return IntStream.range(0, groupCount()).boxed().filter(g -> !groups.containsKey(g)).toList();
    }
  }

  /** A cycle of the past with everything that came of it, rejected rewrites too. */
  public record PastCycle(CycleOpened opened, List<GroupStored> groups, CycleClosed closed) {}

  private final LedgerRules rules;
  private final double[] averages;
  private final int[] visits;
  private final int[] revisions;
  private final float[] lastCosts;
  private final RewriteTable table = new RewriteTable();
  private final List<PastCycle> pastCycles = new ArrayList<>();
  private Optional<OpenCycle> openCycle = Optional.empty();
  private long committedSteps;

  /** A ledger that has seen nothing. */
  public LedgerState(LedgerRules rules) {
    this.rules = rules;
    int samples = rules.getSamples();
    averages = new double[samples];
    visits = new int[samples];
    revisions = new int[samples];
    lastCosts = new float[samples];
    Arrays.fill(lastCosts, Float.NaN);
  }

  /** The ledger an image shows; shares nothing with it. */
  public static LedgerState of(LedgerImage image) {
    LedgerState state = new LedgerState(image.getRules());
    RawArrays.toDoubles(image.getAverages(), state.averages);
    RawArrays.toInts(image.getVisits(), state.visits);
    RawArrays.toInts(image.getRevisions(), state.revisions);
    RawArrays.toFloats(image.getLastCosts(), state.lastCosts);
    state.committedSteps = image.getCommittedSteps();
    for (LedgerImage.ClosedCycle past : image.getCyclesList()) {
      state.table.close(past.getGroupsList());
      state.pastCycles.add(new PastCycle(past.getOpened(), past.getGroupsList(), past.getClosed()));
    }
    if (image.hasOpenCycle()) {
      state.open(image.getOpenCycle().getOpened());
      image.getOpenCycle().getGroupsList().forEach(state::store);
    }
    return state;
  }

  /** A copy of everything, for a file or a snapshot. */
  public LedgerImage image(String runId, long attempt, long sequenceNr) {
    LedgerImage.Builder image =
        LedgerImage.newBuilder()
            .setFormat(LedgerFile.FORMAT)
            .setRunId(runId)
            .setAttempt(attempt)
            .setSequenceNr(sequenceNr)
            .setCommittedSteps(committedSteps)
            .setRules(rules)
            .setAverages(RawArrays.ofDoubles(averages))
            .setVisits(RawArrays.ofInts(visits))
            .setRevisions(RawArrays.ofInts(revisions))
            .setLastCosts(RawArrays.ofFloats(lastCosts));
    for (PastCycle past : pastCycles) {
      image
          .addCyclesBuilder()
          .setOpened(past.opened())
          .addAllGroups(past.groups())
          .setClosed(past.closed());
    }
    openCycle.ifPresent(
        open ->
            image
                .getOpenCycleBuilder()
                .setOpened(open.opened())
                .addAllGroups(open.groups().values()));
    return image.build();
  }

  /**
   * Applies one event of the journal. Events come in order; one out of order is a broken journal.
   */
  public void apply(LedgerEvent event) {
    switch (event.getEventCase()) {
      case STEP_COMMITTED -> commit(event.getStepCommitted());
      case CYCLE_OPENED -> open(event.getCycleOpened());
      case GROUP_STORED -> store(event.getGroupStored());
      case CYCLE_CLOSED -> close(event.getCycleClosed());
      case SEEDED, EVENT_NOT_SET ->
          throw new IllegalStateException("not an event of a running ledger: " + event);
    }
  }

  private void commit(StepCommitted step) {
    if (step.getStep() != committedSteps) {
      throw new IllegalStateException(
          "journal holds step " + step.getStep() + " where step " + committedSteps + " belongs");
    }
    for (int i = 0; i < step.getSamplesCount(); i++) {
      lastCosts[step.getSamples(i)] = step.getCosts(i);
      if (!step.getSkipped()) {
        visit(step.getSamples(i), score(step, i));
      }
    }
    committedSteps++;
  }

  /** METHOD: the first average of a revision is its first score. */
  private void visit(int sample, double score) {
    double decay = rules.getDecay();
    averages[sample] = visits[sample] == 0 ? score : decay * averages[sample] + (1 - decay) * score;
    visits[sample]++;
  }

  private double score(StepCommitted step, int i) {
    return rules.getScoreIsCost() ? step.getCosts(i) : z(step, i, rules.getEpsilon());
  }

  /** The normalised score of a step's i-th sample. */
  static double z(StepCommitted step, int i, double epsilon) {
    Moments moments = new Moments(step.getMean(), step.getStd(), step.getSamplesCount());
    return moments.z(step.getCosts(i), epsilon);
  }

  private void open(CycleOpened opened) {
    openCycle = Optional.of(new OpenCycle(opened, new TreeMap<>()));
  }

  private void store(GroupStored group) {
    openCycle.orElseThrow().groups().put(group.getGroup(), group);
  }

  private void close(CycleClosed closed) {
    OpenCycle cycle = openCycle.orElseThrow();
    List<GroupStored> groups = List.copyOf(cycle.groups().values());
    table.close(groups);
    for (GroupStored group : groups) {
      group.getOutcomesList().stream().filter(Rewrite::getAccepted).forEach(this::restart);
    }
    pastCycles.add(new PastCycle(cycle.opened(), groups, closed));
    openCycle = Optional.empty();
  }

  private void restart(Rewrite accepted) {
    int sample = accepted.getSample();
    revisions[sample] = accepted.getRevision();
    averages[sample] = 0;
    visits[sample] = 0;
    lastCosts[sample] = Float.NaN;
  }

  /** Steps 0 … {@code committedSteps − 1} are in. */
  public long committedSteps() {
    return committedSteps;
  }

  /** Size of the data set. */
  public int samples() {
    return averages.length;
  }

  /** What the numbers mean. */
  public LedgerRules rules() {
    return rules;
  }

  /** The moving average of the score since the revision; 0 before the first visit. */
  public double average(int sample) {
    return averages[sample];
  }

  /** Visits since the revision. */
  public int visits(int sample) {
    return visits[sample];
  }

  /** 0 for the data file's completion, then one more for each accepted rewrite. */
  public int revision(int sample) {
    return revisions[sample];
  }

  /** c at the last visit since the revision, nats per token; NaN before it. */
  public float lastCost(int sample) {
    return lastCosts[sample];
  }

  /** The closed cycles, oldest first. */
  public List<PastCycle> pastCycles() {
    return List.copyOf(pastCycles);
  }

  /** Names the rewrites in force. */
  public TableStamp tableStamp() {
    return table.stamp();
  }

  /** Names the rewrites that were in force for the step after so many. */
  public TableStamp tableAt(long steps) {
    return pastCycles.stream()
        .filter(past -> past.opened().getCommittedSteps() <= steps)
        .reduce((first, second) -> second)
        .map(PastCycle::closed)
        .map(closed -> new TableStamp(closed.getTableVersion(), closed.getTableHash()))
        .orElseGet(() -> new RewriteTable().stamp());
  }

  /** The rewrites in force, by rising sample. */
  public List<RewrittenSample> rewritten() {
    return table.samples();
  }

  Optional<OpenCycle> openCycle() {
    return openCycle;
  }

  OptionalInt lastClosedCycle() {
    return pastCycles.isEmpty()
        ? OptionalInt.empty()
        : OptionalInt.of(pastCycles.get(pastCycles.size() - 1).closed().getCycle());
  }

  TableStamp stampAfter(Collection<GroupStored> groups) {
    return table.stampWith(groups);
  }
}
