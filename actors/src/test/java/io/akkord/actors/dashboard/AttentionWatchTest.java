package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the log is told of what needs attention: each occurrence, once. */
class AttentionWatchTest {
  private static final long GIB = 1L << 30;
  private static final Attention.Disk ROOMY = new Attention.Disk(100 * GIB, 200 * GIB, GIB);
  private static final Attention.Disk FULL = new Attention.Disk(GIB, 200 * GIB, GIB);

  private final AtomicLong clock = new AtomicLong(1_000_000);
  private final AtomicReference<Attention.Disk> disk = new AtomicReference<>(ROOMY);
  private final AttentionWatch watch = new AttentionWatch(disk::get, clock::get);
  private final List<String> said = new ArrayList<>();
  private long step;

  @BeforeEach
  void open() {
    tell(Happenings.opened(1, 0, 10_000));
  }

  private void tell(RunEvent event) {
    clock.addAndGet(AttentionWatch.EVERY_MS);
    said.addAll(watch.on(event));
  }

  private void steps(int count, double entropy) {
    for (int i = 0; i < count; i++) {
      tell(new RunEvent.Step(Happenings.report(step++, entropy, false, null)));
    }
  }

  @Test
  void aLineComesOnceAndNotWithEveryStep() {
    steps(32, 2);
    steps(300, 0.2);
    assertThat(said)
        .singleElement()
        .asString()
        .startsWith("needs attention: entropy is low: 0.")
        .contains("lower learning_rate");
  }

  @Test
  void whatCameBackAfterAMinuteIsSaidAgainAndWhatFlickersIsNot() {
    disk.set(FULL);
    steps(3, 1.5);
    disk.set(ROOMY);
    steps(10, 1.5);
    disk.set(FULL);
    steps(3, 1.5);
    assertThat(said).hasSize(1).first().asString().contains("disk nearly full");
    disk.set(ROOMY);
    steps(61, 1.5);
    disk.set(FULL);
    steps(3, 1.5);
    assertThat(said).hasSize(2);
  }

  @Test
  void stepsBetweenTwoLooksAreNotPassedOver() {
    for (int i = 0; i < 2_000; i++) {
      clock.addAndGet(1);
      said.addAll(
          watch.on(
              new RunEvent.Step(
                  Happenings.report(step++, 1.5, false, i == 500 ? "loss is NaN" : null))));
    }
    clock.addAndGet(AttentionWatch.EVERY_MS);
    tell(new RunEvent.Step(Happenings.report(step++, 1.5, false, "loss is NaN")));
    assertThat(said).hasSize(1);
    assertThat(said.get(0)).contains("steps skipped", "step 2000");
  }

  @Test
  void itsOwnLinesAreWarningsInTheLog() {
    disk.set(FULL);
    steps(1, 1.5);
    RunModel model = new RunModel();
    said.forEach(line -> model.apply(new TimedEvent(1, new RunEvent.Note(line))));
    assertThat(model.log().find(0, "warn", "disk nearly full", 10)).hasSize(1);
  }
}
