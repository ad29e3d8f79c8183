package io.akkord.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.params.StepReport;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import io.akkord.proto.SupervisorEvent.OriginScore;
import io.akkord.proto.tensorboard.Event;
import io.akkord.proto.tensorboard.SessionLog;
import io.akkord.proto.tensorboard.Summary;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardFileTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.ofEpochSecond(1_700_000_000, 500_000_000), ZoneOffset.UTC);

  @TempDir Path folder;

  @Test
  void theMaskIsThatOfTfRecord() {
    // CRC-32C of "123456789" is e3069283 (RFC 3720); rotated by 15 and shifted by a282ead8.
    int expected = Integer.rotateRight(0xe3069283, 15) + 0xa282ead8;
    byte[] bytes = "123456789".getBytes(StandardCharsets.US_ASCII);
    assertThat(TensorBoardFile.masked(bytes, 0, bytes.length)).isEqualTo(expected);
  }

  @Test
  void stepsAndEvaluationsCanBeReadBack() throws Exception {
    try (TensorBoardFile file = TensorBoardFile.open(folder, 1, 0, CLOCK)) {
      file.step(report(7, 0.25));
      file.eval(
          EvalFinished.newBuilder()
              .setCommittedSteps(8)
              .addOrigins(OriginScore.newBuilder().setNll(2).setMeanP(0.5).setTop1(0.75))
              .addOrigins(OriginScore.newBuilder().setOrigin("story").setNll(1.5))
              .build());
    }
    List<Event> events = read("events.out.tfevents.1700000000.attempt-1");
    assertThat(events).hasSize(3);
    assertThat(events.get(0).getFileVersion()).isEqualTo("brain.Event:2");
    assertThat(events.get(1).getStep()).isEqualTo(7);
    assertThat(events.get(1).getWallTime()).isEqualTo(1_700_000_000.5);
    assertThat(value(events.get(1), "train/loss")).isEqualTo(0.25f);
    assertThat(value(events.get(1), "train/tokens_per_second")).isEqualTo(50f);
    assertThat(value(events.get(2), "eval/mean_p")).isEqualTo(0.5f);
    assertThat(value(events.get(2), "eval/story/nll")).isEqualTo(1.5f);
  }

  @Test
  void whatIsNotFiniteIsLeftOut() throws Exception {
    try (TensorBoardFile file = TensorBoardFile.open(folder, 1, 0, CLOCK)) {
      file.step(report(0, Double.NaN));
    }
    Event step = read("events.out.tfevents.1700000000.attempt-1").get(1);
    assertThat(step.getSummary().getValueList())
        .extracting(Summary.Value::getTag)
        .doesNotContain("train/loss")
        .contains("train/nll");
  }

  @Test
  void aResumeHidesWhatWasWrittenFromItsStepOn() throws Exception {
    TensorBoardFile.open(folder, 2, 40, CLOCK).close();
    Event session = read("events.out.tfevents.1700000000.attempt-2").get(1);
    assertThat(session.getStep()).isEqualTo(40);
    assertThat(session.getSessionLog().getStatus()).isEqualTo(SessionLog.SessionStatus.START);
  }

  private static float value(Event event, String tag) {
    return event.getSummary().getValueList().stream()
        .filter(value -> value.getTag().equals(tag))
        .findFirst()
        .orElseThrow()
        .getSimpleValue();
  }

  private static StepReport report(long step, double loss) {
    return new StepReport(
        step, 0, loss, 2, 0.5, 3, 0.9, 0.8, 0.1, 1, false, 1e-4, 2, 0.5, 100, 4, 2, null);
  }

  private List<Event> read(String name) throws Exception {
    ByteBuffer file =
        ByteBuffer.wrap(Files.readAllBytes(folder.resolve("tensorboard").resolve(name)))
            .order(ByteOrder.LITTLE_ENDIAN);
    List<Event> events = new ArrayList<>();
    while (file.hasRemaining()) {
      int start = file.position();
      byte[] data = new byte[(int) file.getLong()];
      assertThat(file.getInt()).isEqualTo(TensorBoardFile.masked(file.array(), start, Long.BYTES));
      file.get(data);
      assertThat(file.getInt()).isEqualTo(TensorBoardFile.masked(data, 0, data.length));
      events.add(Event.parseFrom(data));
    }
    return events;
  }
}
