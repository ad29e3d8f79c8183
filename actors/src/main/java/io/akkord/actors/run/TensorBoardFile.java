package io.akkord.actors.run;

import io.akkord.actors.params.StepReport;
import io.akkord.model.UserError;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import io.akkord.proto.SupervisorEvent.OriginScore;
import io.akkord.proto.tensorboard.Event;
import io.akkord.proto.tensorboard.SessionLog;
import io.akkord.proto.tensorboard.Summary;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.zip.CRC32C;

/**
 * A TensorBoard event file in {@code tensorboard/}, one an attempt: records of length, checksum of
 * the length, an event, checksum of the event. An attempt begins with a session that hides what
 * earlier ones have written from its step on, so charts do not double.
 */
final class TensorBoardFile implements AutoCloseable {
  private static final String VERSION = "brain.Event:2";
  private static final int MASK_DELTA = 0xa282ead8;
  private static final int MASK_SHIFT = 15;
  private static final int HEAD_BYTES = 12;

  private final OutputStream out;
  private final Clock clock;

  private TensorBoardFile(OutputStream out, Clock clock) {
    this.out = out;
    this.clock = clock;
  }

  /**
   * Begins the file of an attempt.
   *
   * @param committedSteps where the attempt goes on from
   */
  static TensorBoardFile open(Path outputDir, long attempt, long committedSteps, Clock clock) {
    Path folder = outputDir.resolve("tensorboard");
    String name =
        "events.out.tfevents.%d.attempt-%d".formatted(clock.instant().getEpochSecond(), attempt);
    try {
      Files.createDirectories(folder);
      TensorBoardFile file =
          new TensorBoardFile(Files.newOutputStream(folder.resolve(name)), clock);
      file.write(file.event(0).setFileVersion(VERSION));
      if (committedSteps > 0) {
        SessionLog start =
            SessionLog.newBuilder().setStatus(SessionLog.SessionStatus.START).build();
        file.write(file.event(committedSteps).setSessionLog(start));
      }
      return file;
    } catch (IOException e) {
      throw new UserError("%s cannot be written: %s".formatted(folder, e.getMessage()), e);
    }
  }

  private Event.Builder event(long step) {
    Instant now = clock.instant();
    return Event.newBuilder().setWallTime(now.getEpochSecond() + now.getNano() / 1e9).setStep(step);
  }

  void step(StepReport r) throws IOException {
    Summary.Builder values = Summary.newBuilder();
    add(values, "train/loss", r.loss());
    add(values, "train/nll", r.nll());
    add(values, "train/mean_p", r.meanP());
    add(values, "train/entropy", r.entropy());
    add(values, "train/mean_w", r.meanW());
    add(values, "train/ess", r.ess());
    add(values, "train/share_w_below_half", r.shareBelowHalf());
    add(values, "train/grad_norm", r.gradNorm());
    add(values, "train/learning_rate", r.lr());
    add(values, "train/mu", r.mu());
    add(values, "train/sigma", r.sigma());
    add(values, "train/tokens_per_second", r.tokens() / r.seconds());
    write(event(r.step()).setSummary(values));
  }

  void eval(EvalFinished eval) throws IOException {
    Summary.Builder values = Summary.newBuilder();
    for (OriginScore score : eval.getOriginsList()) {
      String prefix = score.getOrigin().isEmpty() ? "eval/" : "eval/" + score.getOrigin() + "/";
      add(values, prefix + "nll", score.getNll());
      add(values, prefix + "mean_p", score.getMeanP());
      add(values, prefix + "top1", score.getTop1());
    }
    write(event(eval.getCommittedSteps()).setSummary(values));
  }

  private static void add(Summary.Builder values, String tag, double value) {
    if (Double.isFinite(value)) {
      values.addValue(Summary.Value.newBuilder().setTag(tag).setSimpleValue((float) value));
    }
  }

  private void write(Event.Builder event) throws IOException {
    byte[] data = event.build().toByteArray();
    ByteBuffer record =
        ByteBuffer.allocate(HEAD_BYTES + data.length + Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(data.length);
    record.putInt(masked(record.array(), 0, Long.BYTES));
    record.put(data);
    record.putInt(masked(data, 0, data.length));
    out.write(record.array());
    out.flush();
  }

  /** Checksums are stored rotated and shifted, as TFRecord has it. */
  static int masked(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    int value = (int) crc.getValue();
    return Integer.rotateRight(value, MASK_SHIFT) + MASK_DELTA;
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
