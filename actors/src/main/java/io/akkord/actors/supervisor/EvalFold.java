package io.akkord.actors.supervisor;

import io.akkord.actors.worker.Compute.EvalScore;
import io.akkord.actors.worker.Compute.EvalSums;
import io.akkord.proto.SupervisorEvent.OriginScore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Sums evaluation groups in the order of the groups, so that the result does not depend on who was
 * faster.
 */
final class EvalFold {
  private final Map<Integer, EvalScore> groups = new TreeMap<>();

  void add(EvalScore score) {
    groups.put(score.group(), score);
  }

  /** The whole first, then every origin; means over samples. */
  List<OriginScore> scores() {
    Map<String, EvalSums> origins = new TreeMap<>();
    EvalSums all = new EvalSums(0, 0, 0, 0);
    for (EvalScore group : groups.values()) {
      for (Map.Entry<String, EvalSums> entry : group.byOrigin().entrySet()) {
        origins.merge(entry.getKey(), entry.getValue(), EvalSums::plus);
        all = all.plus(entry.getValue());
      }
    }
    List<OriginScore> scores = new ArrayList<>();
    scores.add(score("", all));
    origins.forEach(
        (origin, sums) -> {
          if (!origin.isEmpty()) {
            scores.add(score(origin, sums));
          }
        });
    return scores;
  }

  private static OriginScore score(String origin, EvalSums sums) {
    return OriginScore.newBuilder()
        .setOrigin(origin)
        .setSamples(sums.samples())
        .setNll(sums.nll() / sums.samples())
        .setMeanP(sums.meanP() / sums.samples())
        .setTop1(sums.top1() / sums.samples())
        .build();
  }
}
