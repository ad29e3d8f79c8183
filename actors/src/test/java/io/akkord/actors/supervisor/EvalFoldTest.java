package io.akkord.actors.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.akkord.actors.worker.Compute.EvalScore;
import io.akkord.actors.worker.Compute.EvalSums;
import io.akkord.proto.SupervisorEvent.OriginScore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class EvalFoldTest {
  private static List<OriginScore> fold(List<EvalScore> scores) {
    EvalFold fold = new EvalFold();
    scores.forEach(fold::add);
    return fold.scores();
  }

  @Test
  void theWholeComesFirstAndThenEveryOrigin() {
    List<OriginScore> scores =
        fold(
            List.of(
                new EvalScore(0, new TreeMap<>(Map.of("math", new EvalSums(2, 4, 1, 0.5)))),
                new EvalScore(
                    1,
                    new TreeMap<>(
                        Map.of(
                            "", new EvalSums(1, 6, 0.1, 0),
                            "code", new EvalSums(1, 2, 0.4, 1))))));
    assertThat(scores).extracting(OriginScore::getOrigin).containsExactly("", "code", "math");
    assertThat(scores).extracting(OriginScore::getSamples).containsExactly(4, 1, 2);
    assertThat(scores.get(0).getNll()).isEqualTo(3);
    assertThat(scores.get(0).getMeanP()).isCloseTo(0.375, within(1e-15));
    assertThat(scores.get(0).getTop1()).isEqualTo(0.375);
    assertThat(scores.get(2).getNll()).isEqualTo(2);
    assertThat(scores.get(2).getTop1()).isEqualTo(0.25);
  }

  @Test
  void theResultIsTheSameBitForBitWhoeverIsFirst() {
    Random random = new Random(5);
    List<EvalScore> scores = new ArrayList<>();
    for (int group = 0; group < 20; group++) {
      Map<String, EvalSums> sums = new TreeMap<>();
      for (String origin : List.of("", "a", "b")) {
        double nll = Math.exp(30 * random.nextDouble());
        sums.put(origin, new EvalSums(3, nll, random.nextDouble(), random.nextDouble()));
      }
      scores.add(new EvalScore(group, sums));
    }
    List<OriginScore> inOrder = fold(scores);
    for (int trial = 0; trial < 20; trial++) {
      Collections.shuffle(scores, random);
      assertThat(fold(scores)).isEqualTo(inOrder);
    }
  }

  @Test
  void aGroupScoredTwiceCountsOnce() {
    EvalScore score = new EvalScore(0, Map.of("", new EvalSums(2, 4, 1, 1)));
    assertThat(fold(List.of(score, score)).get(0).getSamples()).isEqualTo(2);
  }
}
