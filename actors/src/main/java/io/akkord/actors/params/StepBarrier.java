package io.akkord.actors.params;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The barrier of one optimiser step, without actors, time or network: collects the scores of all
 * logical shards, then the sums of all slices, and says what follows. Whatever belongs to another
 * assignment is ignored before it counts.
 */
final class StepBarrier {

  /** What an input leads to. */
  sealed interface Outcome {
    /** It does not belong to this step as it stands now. */
    record Ignored(String reason) implements Outcome {}

    /** It counted; more is needed. */
    record Waiting() implements Outcome {}

    /** All scores are in, in the order of the shards. */
    record Scored(List<ShardScore> scores) implements Outcome {}

    /** All slices are in: the squared norm of every block, in the order of the blocks. */
    record Summed(double norm) implements Outcome {}

    /**
     * A number was not finite: the whole step is computed once more, by others where there are any.
     */
    record Recompute(String reason) implements Outcome {}

    /** It was not finite the second time either: the step moves nothing. */
    record Skip(String reason) implements Outcome {}
  }

  private final long step;
  private final long[] assignmentOfShard;
  private final int slices;
  private final ShardScore[] scores;
  private final Map<Integer, double[]> squares = new TreeMap<>();
  private boolean recomputed;

  StepBarrier(long step, int shards, int slices, long assignment) {
    this.step = step;
    this.slices = slices;
    this.assignmentOfShard = new long[shards];
    this.scores = new ShardScore[shards];
    Arrays.fill(assignmentOfShard, assignment);
  }

  long step() {
    return step;
  }

  /** The assignment each shard is expected under. */
  long[] assignments() {
    return assignmentOfShard.clone();
  }

  /** Whether every shard is scored. */
  boolean scored() {
    return Arrays.stream(scores).allMatch(s -> s != null);
  }

  Outcome score(long ofStep, long assignment, ShardScore score) {
    if (ofStep != step) {
      return new Outcome.Ignored("scores of step " + ofStep + ", this is step " + step);
    }
    if (assignment != assignmentOfShard[score.shard()]) {
      return new Outcome.Ignored(
          "shard %d scored under assignment %d, expected %d"
              .formatted(score.shard(), assignment, assignmentOfShard[score.shard()]));
    }
    if (scores[score.shard()] != null) {
      return new Outcome.Ignored("shard " + score.shard() + " is scored already");
    }
    scores[score.shard()] = score;
    if (!scored()) {
      return new Outcome.Waiting();
    }
    for (ShardScore s : scores) {
      if (!s.finite()) {
        return notFinite("a score of logical shard " + s.shard());
      }
    }
    return new Outcome.Scored(scores());
  }

  /** Scores in the order of the shards. */
  List<ShardScore> scores() {
    return List.of(scores);
  }

  Outcome summed(long ofStep, long assignment, int slice, double[] blockSquares) {
    long newest = Arrays.stream(assignmentOfShard).max().orElse(0);
    if (ofStep != step || assignment != newest) {
      return new Outcome.Ignored(
          "slice %d of step %d under assignment %d, expected step %d under %d"
              .formatted(slice, ofStep, assignment, step, newest));
    }
    if (squares.putIfAbsent(slice, blockSquares) != null) {
      return new Outcome.Ignored("slice " + slice + " is summed already");
    }
    if (squares.size() < slices || !scored()) {
      return new Outcome.Waiting();
    }
    double sum = 0;
    for (double[] slicesSquares : squares.values()) {
      for (double block : slicesSquares) {
        sum += block;
      }
    }
    return Double.isFinite(sum) ? new Outcome.Summed(Math.sqrt(sum)) : notFinite("the gradient");
  }

  private Outcome notFinite(String what) {
    String reason = what + " of step " + step + " is not finite";
    return recomputed ? new Outcome.Skip(reason + ", twice") : new Outcome.Recompute(reason);
  }

  /** The whole step is expected anew under an assignment. */
  void recompute(long assignment) {
    recomputed = true;
    Arrays.fill(assignmentOfShard, assignment);
    Arrays.fill(scores, null);
    squares.clear();
  }

  /**
   * Some shards moved to other workers. Scores that are in stay: the same computation gives the
   * same numbers. Sums start anew.
   */
  void reassign(long assignment, List<Integer> shards) {
    shards.forEach(shard -> assignmentOfShard[shard] = assignment);
    if (!shards.isEmpty()) {
      squares.clear();
    }
  }

  /** Shards whose scores are missing. */
  List<Integer> unscored() {
    List<Integer> missing = new ArrayList<>();
    for (int shard = 0; shard < scores.length; shard++) {
      if (scores[shard] == null) {
        missing.add(shard);
      }
    }
    return missing;
  }

  /** Slices whose sums are missing. */
  List<Integer> unsummed() {
    List<Integer> missing = new ArrayList<>();
    for (int slice = 0; slice < slices; slice++) {
      if (!squares.containsKey(slice)) {
        missing.add(slice);
      }
    }
    return missing;
  }
}
