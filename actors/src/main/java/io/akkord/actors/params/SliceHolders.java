package io.akkord.actors.params;

import akka.actor.typed.ActorRef;
import io.akkord.actors.bulk.LaneAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
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

  SliceHolders(List<List<Holder>> bySlice) {
    bySlice.forEach(
        list -> {
          holders.add(new ArrayList<>(list));
          sums.add(new HashMap<>());
        });
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
   * A holder's sum of squares by block.
   *
   * @throws Disagreement if another holder of the slice has other numbers
   */
  void summed(int slice, String holder, double[] squares) {
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

  void add(int slice, Holder holder) {
    holders.get(slice).add(holder);
  }

  /** Forgets holders; returns those that became the first of their slice. */
  List<Holder> lose(Predicate<Holder> lost) {
    List<Holder> promoted = new ArrayList<>();
    for (List<Holder> ofSlice : holders) {
      Holder first = ofSlice.get(0);
      List<Holder> left = ofSlice.stream().filter(lost.negate()).toList();
      if (left.isEmpty()) {
        continue;
      }
      ofSlice.retainAll(left);
      if (!ofSlice.get(0).equals(first)) {
        promoted.add(ofSlice.get(0));
      }
    }
    return promoted;
  }

  /** Slices whose every holder is among the lost. */
  List<Integer> orphans(Predicate<Holder> lost) {
    List<Integer> orphans = new ArrayList<>();
    for (int slice = 0; slice < holders.size(); slice++) {
      if (holders.get(slice).stream().allMatch(lost)) {
        orphans.add(slice);
      }
    }
    return orphans;
  }
}
