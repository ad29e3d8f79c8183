package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who keeps a step waiting that takes too long. */
class StepPollTest {
  private static final List<String> WORKERS = List.of("a", "b", "c");
  private static final Assignment ASSIGNMENT = new Assignment(1, List.of("a", "a", "b", "b"));

  private final StepBarrier barrier = new StepBarrier(0, 4, 2, 1);
  private final StepPoll poll = new StepPoll(() -> 0);

  private void score() {
    for (int shard = 0; shard < 4; shard++) {
      barrier.score(0, 1, SomeScores.shard(shard, 1));
    }
    poll.ask();
  }

  private StepPoll.Late late(String... unsummed) {
    return poll.late(WORKERS, ASSIGNMENT, barrier, Set.of(unsummed));
  }

  @Test
  void whoDoesNotAnswerIsTheOne() {
    score();
    poll.answered("a", true);
    poll.answered("b", false);
    assertThat(late("a").workers()).containsExactly("c");
  }

  @Test
  void whoseGradientIsMissingIsTheOneIfAllAnswer() {
    score();
    poll.answered("a", true);
    poll.answered("b", false);
    poll.answered("c", false);
    assertThat(late("a").workers()).containsExactly("b");
  }

  @Test
  void whoseCopyDoesNotSumIsTheOneIfAllHaveSentTheirGradient() {
    score();
    WORKERS.forEach(worker -> poll.answered(worker, true));
    assertThat(late("c", "control").workers()).containsExactly("c");
    assertThat(late("c").what()).contains("not summed by [c]");
    assertThat(late("control").workers()).as("whom nobody can give up").isEmpty();
  }
}
