package io.akkord.actors.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.params.StepReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;

/** The files of a run, written by what writes those of a real one. */
public final class RunRecord implements AutoCloseable {
  private final Path folder;
  private EventsFile events;
  private MetricsFile metrics;

  private RunRecord(Path folder) {
    this.folder = folder;
  }

  /** A new folder with a run that has not begun. */
  public static RunRecord create(Path folder, String runId) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve("run.json"),
        new ObjectMapper()
            .writeValueAsString(
                Map.of("run_id", runId, "created_at", Instant.EPOCH.plusSeconds(1).toString())));
    return new RunRecord(folder);
  }

  /** Writes one event where it belongs. An attempt opens the files as a resume does. */
  public RunRecord write(RunEvent event) throws IOException {
    if (event instanceof RunEvent.Opened opened) {
      close();
      events = EventsFile.open(folder, unused -> {});
      events.on(opened);
      metrics = MetricsFile.open(folder, opened.fromStep());
    } else if (event instanceof RunEvent.Step step) {
      metrics.step(step.report());
    } else if (event instanceof RunEvent.Eval eval) {
      metrics.eval(eval.finished());
    } else {
      events.on(event);
    }
    return this;
  }

  /** Writes a step. */
  public RunRecord step(StepReport report) throws IOException {
    return write(new RunEvent.Step(report));
  }

  public Path folder() {
    return folder;
  }

  @Override
  public void close() throws IOException {
    if (events != null) {
      events.close();
      metrics.close();
      events = null;
    }
  }
}
