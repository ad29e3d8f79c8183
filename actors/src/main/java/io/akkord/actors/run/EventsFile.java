package io.akkord.actors.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.config.EffectiveRecipe.Setting;
import io.akkord.model.UserError;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongSupplier;

/**
 * {@code events.jsonl}: what happened in a run beside its steps and evaluations, a line each, over
 * all attempts. Writes and passes on.
 */
final class EventsFile implements RunListener, AutoCloseable {
  static final String NAME = "events.jsonl";

  /** Every step's would be most of the file; live, all of them are seen. */
  private static final int PHASES_EVERY = 10;

  private static final double MICROS = 1e6;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final BufferedWriter out;
  private final RunListener next;
  private final LongSupplier clock;
  private boolean complained;
  private volatile boolean closed;

  private EventsFile(BufferedWriter out, RunListener next, LongSupplier clock) {
    this.out = out;
    this.next = next;
    this.clock = clock;
  }

  static EventsFile open(Path outputDir, RunListener next) {
    return open(outputDir, next, System::currentTimeMillis);
  }

  /** The same with another clock for the stamps, which nobody takes for an order. */
  static EventsFile open(Path outputDir, RunListener next, LongSupplier clock) {
    try {
      return new EventsFile(
          Files.newBufferedWriter(
              outputDir.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.APPEND),
          next,
          clock);
    } catch (IOException e) {
      throw new UserError(
          "%s: events cannot be written: %s".formatted(outputDir.resolve(NAME), e.getMessage()), e);
    }
  }

  @Override
  public void on(RunEvent event) {
    try {
      ObjectNode line = closed ? null : line(event);
      if (line != null) {
        line.put("at", clock.getAsLong());
        out.write(JSON.writeValueAsString(line));
        out.newLine();
        out.flush();
      }
    } catch (IOException e) {
      // A disk that is full costs lines of the history, never the run.
      if (!complained) {
        complained = true;
        next.on(new RunEvent.Note("events cannot be written (%s); the run goes on".formatted(e)));
      }
    }
    next.on(event);
  }

  /** Null for what has a file of its own. */
  private static ObjectNode line(RunEvent event) {
    ObjectNode line = JSON.createObjectNode();
    if (event instanceof RunEvent.Opened opened) {
      line.put("kind", "opened");
      opened(line, opened);
    } else if (event instanceof RunEvent.Worker worker) {
      line.put("kind", "worker");
      line.put("worker", worker.id()).put("state", worker.state()).put("reason", worker.reason());
    } else if (event instanceof RunEvent.Phases phases) {
      return phases.step() % PHASES_EVERY == 0 ? phases(line, phases) : null;
    } else if (event instanceof RunEvent.Overdue overdue) {
      line.put("kind", "overdue");
      line.put("step", overdue.step()).put("reason", overdue.reason());
      overdue.late().forEach(line.putArray("late")::add);
    } else if (event instanceof RunEvent.Cycle cycle) {
      CycleFinished f = cycle.finished();
      line.put("kind", "cycle");
      line.put("cycle", f.getCycle()).put("committed_steps", f.getCommittedSteps());
      line.put("candidates", f.getCandidates()).put("accepted", f.getAccepted());
      line.put("rejected", f.getRejected()).put("reason", f.getReason());
      if (f.hasDistinct()) {
        line.put("distinct", f.getDistinct());
      }
    } else if (event instanceof RunEvent.Checkpoint checkpoint) {
      CheckpointFinished f = checkpoint.finished();
      line.put("kind", "checkpoint").put("committed_steps", f.getCommittedSteps());
      line.put("folder", f.getFolder()).put("seconds", f.getSeconds());
      line.put("checkpoint_blocked_seconds", f.getBlockedSeconds());
    } else if (event instanceof RunEvent.Note note) {
      line.put("kind", "note").put("text", note.text());
    } else if (event instanceof RunEvent.Ended ended) {
      line.put("kind", "ended").put("committed_steps", ended.committedSteps());
      line.put("outcome", ended.outcome()).put("reason", ended.reason());
      line.put("checkpoint", ended.checkpoint());
    } else {
      return null;
    }
    return line;
  }

  private static ObjectNode phases(ObjectNode line, RunEvent.Phases phases) {
    line.put("kind", "phases").put("step", phases.step());
    ObjectNode workers = line.putObject("workers");
    for (WorkerPhases worker : phases.workers()) {
      ArrayNode seconds = workers.putArray(worker.worker());
      worker.values().forEach(value -> seconds.add(Math.round(value * MICROS) / MICROS));
    }
    return line;
  }

  private static void opened(ObjectNode line, RunEvent.Opened opened) {
    line.put("run_id", opened.runId()).put("attempt", opened.attempt());
    line.put("from_step", opened.fromStep()).put("total_steps", opened.totalSteps());
    line.put("samples", opened.samples()).put("workers", opened.workers());
    line.put("first_cycle", opened.firstCycle()).put("cycle_every", opened.cycleEvery());
    line.put("cycles", opened.cycles());
    var settings = line.putArray("settings");
    for (Setting setting : opened.settings()) {
      settings
          .addObject()
          .put("key", setting.key())
          .put("value", setting.value())
          .put("origin", setting.origin().text());
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    out.close();
  }
}
