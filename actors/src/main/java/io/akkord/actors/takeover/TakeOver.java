package io.akkord.actors.takeover;

import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.actors.params.CommitRecord;
import io.akkord.actors.params.ParameterShard.Apply;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;

/**
 * Whether a new attempt can go on from what the hosts have kept, and how; otherwise why it has to
 * go back to the checkpoint. Without actors, time or network.
 *
 * <p>The journal may lag the weights (then the records beside the weights say what it lacks) or be
 * ahead of them (then what it has more is computed again, as nobody's weights hold it).
 */
public final class TakeOver {

  /** What is to be done. */
  public sealed interface Decision {}

  /** The newest checkpoint is where the attempt starts. */
  public record FromCheckpoint(String reason) implements Decision {}

  /**
   * The attempt goes on from these slices.
   *
   * @param version committed steps in all of them
   * @param attempt the newest that left one of them
   * @param keepers who has each slice at that version, or one decision before it
   * @param records of the last steps below the version, by step
   * @param last the decision that led to the version
   */
  public record GoOn(
      long version,
      long attempt,
      List<List<Keeper>> keepers,
      Map<Long, CommitRecord> records,
      Apply last)
      implements Decision {}

  /**
   * A copy to go on with.
   *
   * @param version it has now
   * @param finish what it still has to carry out; null if it has the version
   */
  public record Keeper(String host, long version, Apply finish) {}

  /**
   * What the journal says.
   *
   * @param committedSteps in it, cut at the version
   * @param table the rewrites in force for the step before the version
   */
  public record JournalView(long committedSteps, TableStamp table) {}

  private TakeOver() {}

  /**
   * The newest version at which there is a copy of every slice.
   *
   * @param copies what the hosts have kept
   * @param slices of the parameters
   * @param lineage the last attempt and those it went on from, without a checkpoint in between
   * @param checkpoint committed steps of the newest one; 0 if there is none
   */
  public static Decision choose(
      Collection<KeptCopy> copies, List<Slice> slices, Set<Long> lineage, long checkpoint) {
    if (copies.isEmpty()) {
      return new FromCheckpoint("no worker has kept a slice of the run");
    }
    List<KeptCopy> ours = copies.stream().filter(c -> lineage.contains(c.attempt())).toList();
    if (ours.isEmpty()) {
      return new FromCheckpoint(
          "the slices that were kept are of attempt %d, after which the run went on from a checkpoint"
              .formatted(copies.stream().mapToLong(KeptCopy::attempt).max().orElse(0)));
    }
    for (KeptCopy copy : ours) {
      boolean same =
          copy.slice() < slices.size()
              && slices.get(copy.slice()).from() == copy.from()
              && slices.get(copy.slice()).to() == copy.to();
      if (!same) {
        return new FromCheckpoint(
            "slice %d that %s has kept is cut elsewhere than this run's"
                .formatted(copy.slice(), copy.host()));
      }
    }
    Map<Long, Apply> decided = decided(ours);
    TreeSet<Long> versions = new TreeSet<>();
    ours.forEach(copy -> versions.add(copy.version()));
    decided.keySet().forEach(step -> versions.add(step + 1));
    String reason = "";
    for (long version : versions.descendingSet()) {
      List<List<Keeper>> keepers = keepers(ours, slices.size(), version, decided);
      String lacking = lacking(keepers, version);
      if (lacking.isEmpty()) {
        return decided(version, ours, keepers, decided, checkpoint);
      }
      reason = reason.isEmpty() ? lacking : reason;
    }
    return new FromCheckpoint(reason + versionsOf(ours));
  }

  private static Map<Long, Apply> decided(List<KeptCopy> copies) {
    Map<Long, Apply> decided = new TreeMap<>();
    // Of attempts that decided the same step the newest counts: its record is in the newest
    // journal.
    copies.stream()
        .flatMap(copy -> copy.decided().stream())
        .sorted(Comparator.comparingLong(Apply::attempt))
        .forEach(apply -> decided.put(apply.step(), apply));
    return decided;
  }

  private static List<List<Keeper>> keepers(
      List<KeptCopy> copies, int slices, long version, Map<Long, Apply> decided) {
    List<List<Keeper>> keepers = new ArrayList<>();
    for (int slice = 0; slice < slices; slice++) {
      int index = slice;
      Map<String, Keeper> ofSlice = new LinkedHashMap<>();
      copies.stream()
          .filter(copy -> copy.slice() == index)
          .sorted(Comparator.comparingLong(KeptCopy::version).reversed())
          .forEach(
              copy ->
                  keeper(copy, version, decided)
                      .ifPresent(keeper -> ofSlice.putIfAbsent(keeper.host(), keeper)));
      keepers.add(List.copyOf(ofSlice.values()));
    }
    return keepers;
  }

  private static Optional<Keeper> keeper(KeptCopy copy, long version, Map<Long, Apply> decided) {
    if (copy.version() == version) {
      return Optional.of(new Keeper(copy.host(), version, null));
    }
    Apply finish = decided.get(version - 1);
    boolean can =
        copy.version() == version - 1
            && finish != null
            && finish.attempt() == copy.attempt()
            && (finish.skip() || finish.assignment() == copy.summedUnder());
    return can ? Optional.of(new Keeper(copy.host(), copy.version(), finish)) : Optional.empty();
  }

  private static String lacking(List<List<Keeper>> keepers, long version) {
    List<Integer> lacking = new ArrayList<>();
    for (int slice = 0; slice < keepers.size(); slice++) {
      if (keepers.get(slice).isEmpty()) {
        lacking.add(slice);
      }
    }
    return lacking.isEmpty()
        ? ""
        : "nobody has slices %s of %d at step %d".formatted(lacking, keepers.size(), version);
  }

  private static String versionsOf(List<KeptCopy> copies) {
    StringBuilder text = new StringBuilder();
    copies.stream()
        .sorted(Comparator.comparingInt(KeptCopy::slice).thenComparing(KeptCopy::host))
        .forEach(
            copy ->
                text.append(
                    "; %s has slice %d at step %d"
                        .formatted(copy.host(), copy.slice(), copy.version())));
    return text.toString();
  }

  private static Decision decided(
      long version,
      List<KeptCopy> copies,
      List<List<Keeper>> keepers,
      Map<Long, Apply> decided,
      long checkpoint) {
    if (version < checkpoint) {
      return new FromCheckpoint(
          "the slices that were kept are at step %d, the checkpoint is at step %d"
              .formatted(version, checkpoint));
    }
    Apply last = decided.get(version - 1);
    if (last == null) {
      return new FromCheckpoint(
          version == checkpoint
              ? "no step was committed after it"
              : "no slice has the commit record of step " + (version - 1));
    }
    Map<Long, CommitRecord> records = new TreeMap<>();
    decided.forEach((step, apply) -> records.put(step, apply.record()));
    records.keySet().removeIf(step -> step >= version);
    long attempt = copies.stream().mapToLong(KeptCopy::attempt).max().orElseThrow();
    return new GoOn(version, attempt, keepers, records, last);
  }

  /**
   * The records that the journal lacks, in order.
   *
   * @return why it cannot be mended, if it cannot
   */
  public static Optional<String> unmendable(GoOn plan, JournalView journal) {
    List<Long> nowhere =
        LongStream.range(journal.committedSteps(), plan.version())
            .boxed()
            .filter(step -> !plan.records().containsKey(step))
            .toList();
    if (!nowhere.isEmpty()) {
      return Optional.of(
          "the journal holds %d steps, the slices are at step %d, and nobody has the commit records of steps %d to %d"
              .formatted(
                  journal.committedSteps(),
                  plan.version(),
                  nowhere.get(0),
                  nowhere.get(nowhere.size() - 1)));
    }
    TableStamp used = plan.last().record().table();
    if (used != null && !used.equals(journal.table())) {
      return Optional.of(
          "step %d was computed with version %d of the rewrites, the journal holds version %d"
              .formatted(plan.version() - 1, used.version(), journal.table().version()));
    }
    return Optional.empty();
  }

  /** The records that the journal lacks, in order; only where it can be mended. */
  public static List<CommitRecord> lacking(GoOn plan, JournalView journal) {
    return LongStream.range(journal.committedSteps(), plan.version())
        .mapToObj(plan.records()::get)
        .toList();
  }

  /**
   * The slices that the run was cut into, as far as its copies tell.
   *
   * @param parameters of the model
   * @return empty if they do not cover the model
   */
  public static Optional<List<Slice>> cut(Collection<KeptCopy> copies, long parameters) {
    TreeMap<Integer, Slice> found = new TreeMap<>();
    copies.forEach(c -> found.putIfAbsent(c.slice(), new Slice(c.slice(), c.from(), c.to())));
    long end = 0;
    for (Slice slice : found.values()) {
      if (slice.from() != end) {
        return Optional.empty();
      }
      end = slice.to();
    }
    return end == parameters ? Optional.of(List.copyOf(found.values())) : Optional.empty();
  }
}
