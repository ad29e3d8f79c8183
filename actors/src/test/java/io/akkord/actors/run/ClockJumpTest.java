package io.akkord.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The machine's clock is set while a run goes on: its record keeps the order in which it was. */
class ClockJumpTest {
  private static final long NOW = 1_800_000_000_000L;
  private static final long DAY = Duration.ofDays(1).toMillis();

  @Test
  void eventsAreReadInTheOrderTheyWereWrittenWhateverTheClockSays(@TempDir Path output)
      throws Exception {
    Iterator<Long> clock = List.of(NOW, NOW + DAY, NOW - DAY, NOW + 1).iterator();
    EventsFile events = EventsFile.open(output, event -> {}, clock::next);
    List<String> told = List.of("begins", "a day ahead", "a day back", "set right");
    told.forEach(text -> events.on(new RunEvent.Note(text)));
    events.close();

    List<String> read = new ArrayList<>();
    List<Long> times = new ArrayList<>();
    new RunHistory(output)
        .next(
            timed -> {
              read.add(((RunEvent.Note) timed.event()).text());
              times.add(timed.at());
            });
    assertThat(read).isEqualTo(told);
    assertThat(times).containsExactly(NOW, NOW + DAY, NOW - DAY, NOW + 1);
  }
}
