package io.akkord.deploy.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.deploy.state.LogLines.Line;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogTailTest {
  private final LogTail tail = new LogTail();

  private static Line line(long at, String text) {
    return new Line(at, "info", "run", "supervisor", text);
  }

  @Test
  void eachLineIsNewOnce() {
    assertThat(tail.next(List.of(line(1, "a"), line(2, "b")))).hasSize(2);
    assertThat(tail.next(List.of(line(1, "a"), line(2, "b"), line(3, "a"))))
        .containsExactly(line(3, "a"));
  }

  @Test
  void whatWasPassedOverIsNotShownLater() {
    tail.pass(List.of(line(1, "a")));
    assertThat(tail.next(List.of(line(1, "a"), line(2, "b")))).containsExactly(line(2, "b"));
  }

  @Test
  void theFolderOfARunThatHasEndedRepeatsNothingAlthoughItsTimesDiffer() {
    tail.next(List.of(line(1_000, "begun"), line(2_000, "late"), line(2_500, "late")));
    List<Line> recorded =
        List.of(
            line(998, "begun"),
            line(1_999, "late"),
            line(2_501, "late"),
            line(2_600, "late"),
            line(90_000, "begun"),
            line(90_001, "over"));
    assertThat(tail.nextFromElsewhere(recorded))
        .containsExactly(line(2_600, "late"), line(90_000, "begun"), line(90_001, "over"));
    assertThat(tail.next(recorded)).isEmpty();
  }

  @Test
  void itsMemoryHasABound() {
    List<Line> many = new ArrayList<>();
    for (int i = 0; i < LogTail.REMEMBERED + 10; i++) {
      many.add(line(i, "line"));
    }
    tail.next(many);
    assertThat(tail.next(many.subList(many.size() - 5, many.size()))).isEmpty();
    assertThat(tail.next(many.subList(0, 5))).as("forgotten").hasSize(5);
  }
}
