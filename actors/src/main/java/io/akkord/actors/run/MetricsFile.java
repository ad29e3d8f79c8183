package io.akkord.actors.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.actors.params.StepReport;
import io.akkord.model.UserError;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import io.akkord.proto.SupervisorEvent.OriginScore;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code metrics.jsonl}: one line a committed step, {@code eval.jsonl}: one a evaluation; a resume
 * continues both without doubles.
 */
final class MetricsFile implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final long lastStep;
  private final BufferedWriter steps;
  private final BufferedWriter evals;

  private MetricsFile(long lastStep, BufferedWriter steps, BufferedWriter evals) {
    this.lastStep = lastStep;
    this.steps = steps;
    this.evals = evals;
  }

  /**
   * Opens both files and cuts off what an earlier attempt wrote after the step it is resumed from.
   */
  static MetricsFile open(Path outputDir, long committedSteps) {
    return open(outputDir, committedSteps, committedSteps);
  }

  /**
   * Likewise.
   *
   * @param lastEval evaluations after so many steps are kept
   */
  static MetricsFile open(Path outputDir, long committedSteps, long lastEval) {
    try {
      Path file = outputDir.resolve("metrics.jsonl");
      BufferedWriter steps = cut(file, "step", committedSteps - 1);
      return new MetricsFile(
          lastStep(file), steps, cut(outputDir.resolve("eval.jsonl"), "committed_steps", lastEval));
    } catch (IOException e) {
      throw new UserError(
          "%s: metrics cannot be written: %s".formatted(outputDir, e.getMessage()), e);
    }
  }

  private static BufferedWriter cut(Path file, String key, long keep) throws IOException {
    if (Files.exists(file)) {
      List<String> kept = new ArrayList<>();
      for (String line : Files.readAllLines(file)) {
        if (belongs(line, key, keep)) {
          kept.add(line);
        }
      }
      Path part = file.resolveSibling(file.getFileName() + ".part");
      Files.write(part, kept);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
    return Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static long lastStep(Path file) throws IOException {
    long last = -1;
    for (String line : Files.readAllLines(file)) {
      last = Math.max(last, JSON.readTree(line).path("step").asLong());
    }
    return last;
  }

  /** The last step that earlier attempts have written; −1 if there is none. */
  long lastStep() {
    return lastStep;
  }

  /** A line that a kill cut off in the middle is no line. */
  private static boolean belongs(String line, String key, long keep) {
    try {
      JsonNode node = JSON.readTree(line);
      return node.has(key) && node.get(key).asLong() <= keep;
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  void step(StepReport r) throws IOException {
    ObjectNode line = JSON.createObjectNode();
    line.put("step", r.step());
    line.put("epoch", r.epoch());
    number(line, "loss", r.loss());
    number(line, "nll", r.nll());
    number(line, "mean_p", r.meanP());
    number(line, "entropy", r.entropy());
    number(line, "mean_w", r.meanW());
    number(line, "ess", r.ess());
    number(line, "share_w_below_half", r.shareBelowHalf());
    number(line, "grad_norm", r.gradNorm());
    line.put("clipped", r.clipped());
    number(line, "lr", r.lr());
    number(line, "mu", r.mu());
    number(line, "sigma", r.sigma());
    line.put("tokens", r.tokens());
    line.put("samples", r.samples());
    number(line, "seconds", r.seconds());
    line.put("skipped", r.skipped() != null);
    write(steps, line);
  }

  void eval(EvalFinished eval) throws IOException {
    ObjectNode line = JSON.createObjectNode();
    line.put("committed_steps", eval.getCommittedSteps());
    line.put("best", eval.getBest());
    for (OriginScore score : eval.getOriginsList()) {
      ObjectNode node =
          score.getOrigin().isEmpty() ? line : line.withObject("/origins/" + score.getOrigin());
      node.put("samples", score.getSamples());
      number(node, "eval_nll", score.getNll());
      number(node, "eval_mean_p", score.getMeanP());
      number(node, "eval_top1", score.getTop1());
    }
    write(evals, line);
  }

  /** JSON has no NaN. */
  private static void number(ObjectNode line, String key, double value) {
    if (Double.isFinite(value)) {
      line.put(key, value);
    } else {
      line.putNull(key);
    }
  }

  private static void write(BufferedWriter out, ObjectNode line) throws IOException {
    line.put("at", System.currentTimeMillis());
    out.write(JSON.writeValueAsString(line));
    out.newLine();
    out.flush();
  }

  @Override
  public void close() throws IOException {
    steps.close();
    evals.close();
  }
}
