package io.akkord.actors.params;

import akka.actor.typed.ActorRef;
import io.akkord.actors.bulk.LaneAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Who keeps each slice. The first holder sends the parameters out, the others do the same sums and
 * updates and take over when it is lost. A slice counts as summed when every living holder has
 * summed it: so whoever survives can apply the step.
 */
final class SliceHolders {

  /** Thrown when two copies of a slice are not the same any more. */
  static final class Disagreement extends RuntimeException {
    private static final long serialVersionUID = 1;

    Disagreement(String message) {
      super(message);
    }
  }

  private final List<List<Holder>> holders = new ArrayList<>();
  private final List<Map<String, double[]>> sums = new ArrayList<>();

  /** Copies that began empty and have not summed a step yet: nobody knows whether they are full. */
  private final List<Set<String>> fresh = new ArrayList<>();

  SliceHolders(List<List<Holder>> bySlice) {
    this(bySlice, bySlice.stream().map(list -> Set.<String>of()).toList());
  }

  /**
   * Who keeps what.
   *
   * @param empty ids of those that are being filled, by slice
   */
  SliceHolders(List<List<Holder>> bySlice, List<Set<String>> empty) {
    for (int slice = 0; slice < bySlice.size(); slice++) {
      holders.add(new ArrayList<>(bySlice.get(slice)));
      sums.add(new HashMap<>());
      fresh.add(new HashSet<>(empty.get(slice)));
    }
  }

  int slices() {
    return holders.size();
  }

  Stream<ActorRef<ParameterShard.Command>> refs() {
    return holders.stream().flatMap(List::stream).map(Holder::ref);
  }

  /** Where the gradient of each slice goes. */
  List<List<LaneAddress>> lanes() {
    return holders.stream().map(list -> list.stream().map(Holder::lane).toList()).toList();
  }

  /** Who has not summed a slice. */
  Set<String> missing(int slice) {
    Set<String> missing = new java.util.TreeSet<>();
    holders.get(slice).forEach(holder -> missing.add(holder.id()));
    missing.removeAll(sums.get(slice).keySet());
    return missing;
  }

  /** Sums are expected anew. */
  void clearSums() {
    sums.forEach(Map::clear);
  }

  /**
   * A holder's sum of squares by block; who keeps the slice no more does not count.
   *
   * @throws Disagreement if another holder of the slice has other numbers
   */
  void summed(int slice, String holder, double[] squares) {
    if (holders.get(slice).stream().noneMatch(known -> known.id().equals(holder))) {
      return;
    }
    fresh.get(slice).remove(holder);
    for (Map.Entry<String, double[]> other : sums.get(slice).entrySet()) {
      if (!Arrays.equals(other.getValue(), squares)) {
        throw new Disagreement(
            "the copies of slice %d in %s and %s differ: memory or a transfer is damaged"
                .formatted(slice, other.getKey(), holder));
      }
    }
    sums.get(slice).put(holder, squares);
  }

  /** The sum of a slice, when every living holder has it. */
  Optional<double[]> complete(int slice) {
    Map<String, double[]> known = sums.get(slice);
    boolean all = holders.get(slice).stream().allMatch(holder -> known.containsKey(holder.id()));
    return all && !known.isEmpty()
        ? Optional.of(known.values().iterator().next())
        : Optional.empty();
  }

  /** The holder that is asked for the state of a slice. */
  Holder first(int slice) {
    return holders.get(slice).get(0);
  }

  /** A holder that has the state of a slice for certain. */
  Optional<Holder> filled(int slice) {
    return holders.get(slice).stream()
        .filter(holder -> !fresh.get(slice).contains(holder.id()))
        .findFirst();
  }

  /** Copies that may not be filled yet. */
  List<Holder> unfilled(int slice) {
    return holders.get(slice).stream()
        .filter(holder -> fresh.get(slice).contains(holder.id()))
        .toList();
  }

  /** Slices that a worker keeps. */
  List<Integer> keptBy(String worker) {
    return IntStream.range(0, holders.size())
        .filter(slice -> holders.get(slice).stream().anyMatch(h -> h.id().equals(worker)))
        .boxed()
        .toList();
  }

  /** A copy that is filled from now on. */
  void add(int slice, Holder holder) {
    holders.get(slice).add(holder);
    fresh.get(slice).add(holder.id());
  }

  /** Whether a worker keeps a slice. */
  boolean keeps(String worker) {
    return holders.stream().flatMap(List::stream).anyMatch(holder -> holder.id().equals(worker));
  }

  /**
   * Whether nothing is lost with a worker.
   *
   * @param leaving who does not count as one that stays
   * @param copies that have summed with each of its slices and stay
   */
  boolean spares(String worker, Set<String> leaving, int copies) {
    for (int slice = 0; slice < holders.size(); slice++) {
      List<Holder> ofSlice = holders.get(slice);
      Set<String> empty = fresh.get(slice);
      long others =
          ofSlice.stream()
              .filter(holder -> !leaving.contains(holder.id()) && !empty.contains(holder.id()))
              .count();
      boolean kept = ofSlice.stream().anyMatch(holder -> holder.id().equals(worker));
      if (kept && others < copies) {
        return false;
      }
    }
    return true;
  }

  /** Forgets holders; returns those that became the first of their slice. */
  List<Holder> lose(Predicate<Holder> lost) {
    List<Holder> promoted = new ArrayList<>();
    for (int slice = 0; slice < holders.size(); slice++) {
      List<Holder> ofSlice = holders.get(slice);
      Holder first = ofSlice.get(0);
      List<Holder> left = ofSlice.stream().filter(lost.negate()).toList();
      if (left.isEmpty()) {
        continue;
      }
      ofSlice.retainAll(left);
      Set<String> ids = left.stream().map(Holder::id).collect(Collectors.toSet());
      sums.get(slice).keySet().retainAll(ids);
      fresh.get(slice).retainAll(ids);
      if (!ofSlice.get(0).equals(first)) {
        promoted.add(ofSlice.get(0));
      }
    }
    return promoted;
  }

  /** Slices of the lost that nobody else keeps, or only copies that may not be filled yet. */
  List<Integer> orphans(Predicate<Holder> lost) {
    List<Integer> orphans = new ArrayList<>();
    for (int slice = 0; slice < holders.size(); slice++) {
      Set<String> empty = fresh.get(slice);
      List<Holder> ofSlice = holders.get(slice);
      if (ofSlice.stream().anyMatch(lost)
          && ofSlice.stream().allMatch(lost.or(holder -> empty.contains(holder.id())))) {
        orphans.add(slice);
      }
    }
    return orphans;
  }
}
