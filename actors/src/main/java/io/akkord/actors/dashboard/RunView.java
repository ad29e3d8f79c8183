package io.akkord.actors.dashboard;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunHistory;
import io.akkord.actors.run.TimedEvent;
import io.akkord.config.Recipe;
import io.akkord.config.RecipeReader;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * One run: its model, kept up to date by its own events or by its folder, and its ledger. For many
 * threads.
 */
public final class RunView implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Events of a run whose record is still being read. */
  private static final int QUEUE = 100_000;

  private final Path folder;
  private final String id;
  private final long createdAt;
  private final RunHistory history;
  private final LedgerView ledger;
  private final CheckpointVerdicts verdicts = new CheckpointVerdicts();
  private final List<TimedEvent> early = new ArrayList<>();
  private RunModel model = new RunModel();
  private final Map<Class<?>, RunEvent> lastRecorded = new HashMap<>();
  private boolean fromEvents;
  private boolean loaded;
  private volatile LiveRun live;
  private SampleTexts texts;
  private Recipe recipe;

  private RunView(Path folder, String id, long createdAt) {
    this.folder = folder;
    this.id = id;
    this.createdAt = createdAt;
    this.history = new RunHistory(folder);
    this.ledger = new LedgerView(folder, () -> Optional.ofNullable(live));
  }

  /** Whether a folder is the output folder of a run. */
  public static boolean isRun(Path folder) {
    return Files.isRegularFile(folder.resolve("run.json"));
  }

  /**
   * The run in a folder; nothing of it is read yet but its name.
   *
   * @throws UserError if its {@code run.json} names no run
   */
  public static RunView of(Path folder) {
    Path file = folder.resolve("run.json");
    try {
      JsonNode identity = JSON.readTree(file.toFile());
      String id = identity.path("run_id").asText();
      if (id.isEmpty()) {
        throw new UserError(file + ": run_id is missing; the file is not one that a run wrote");
      }
      return new RunView(folder, id, time(identity.path("created_at").asText()));
    } catch (IOException e) {
      throw new UserError("%s cannot be read (%s)".formatted(file, e.getMessage()), e);
    }
  }

  /** When a folder's run began or was put there. */
  static FileTime writtenAt(Path folder) {
    try {
      return Files.getLastModifiedTime(folder.resolve("run.json"));
    } catch (IOException e) {
      return FileTime.fromMillis(0);
    }
  }

  private static long time(String text) {
    try {
      return Instant.parse(text).toEpochMilli();
    } catch (DateTimeParseException e) {
      return 0;
    }
  }

  /** From now on the run's own events count; its record until now is read first. */
  public synchronized void follow(LiveRun run) {
    live = run;
    lastRecorded.clear();
    again();
    history.next(
        recorded -> {
          model.apply(recorded);
          if (!(recorded.event() instanceof RunEvent.Step)) {
            lastRecorded.put(recorded.event().getClass(), recorded.event());
          }
        });
    // A run writes before it tells, so all that was told is in the record, but for steps in
    // between.
    early.forEach(model::apply);
    early.clear();
    fromEvents = true;
    loaded = true;
  }

  /** The run is over for this process: what its folder tells counts again. */
  public synchronized void leave() {
    live = null;
    fromEvents = false;
    again();
    refresh();
  }

  private void again() {
    history.restart();
    model = model.successor();
  }

  /** Takes an event of a run in this process. */
  public synchronized void on(TimedEvent event) {
    boolean step = event.event() instanceof RunEvent.Step;
    if (!fromEvents) {
      if (step && early.size() < QUEUE) {
        early.add(event);
      }
      return;
    }
    // One event may wait here while the record, which has it, is read; a step is in only once.
    boolean recorded = !step && event.event().equals(lastRecorded.get(event.event().getClass()));
    if (!step) {
      lastRecorded.clear();
    }
    if (!recorded) {
      model.apply(event);
    }
  }

  /** A line of the process's own log. */
  public synchronized void log(long at, String level, String actor, String text) {
    model.log(at, level, actor, text);
  }

  /** Reads what the folder tells since the last time; a run that is followed needs none. */
  public synchronized void refresh() {
    if (fromEvents) {
      return;
    }
    if (history.cut()) {
      again();
    }
    history.next(model::apply);
    loaded = true;
  }

  /** Runs something on the model while nothing changes it. */
  public synchronized <T> T read(Function<RunModel, T> reading) {
    return reading.apply(model);
  }

  /** The run's name for people and addresses. */
  public String id() {
    return id;
  }

  public Path folder() {
    return folder;
  }

  /** Milliseconds since 1970. */
  public long createdAt() {
    return createdAt;
  }

  /** Whether its record was read. */
  public synchronized boolean loaded() {
    return loaded;
  }

  /** The run, if it goes on in this process. */
  public Optional<LiveRun> live() {
    return Optional.ofNullable(live);
  }

  /**
   * finished, stopped, failed, running, or silent: no end is recorded and nothing comes any more.
   */
  public String state(long now) {
    return read(
        m ->
            m.ended()
                .map(RunEvent.Ended::outcome)
                .orElseGet(() -> live != null || now - touched() < 120_000 ? "running" : "silent"));
  }

  private long touched() {
    try {
      Path metrics = folder.resolve("metrics.jsonl");
      return Files.exists(metrics) ? Files.getLastModifiedTime(metrics).toMillis() : createdAt;
    } catch (IOException e) {
      return createdAt;
    }
  }

  LedgerView.Content ledger() {
    return ledger.content(read(RunModel::version));
  }

  CheckpointVerdicts verdicts() {
    return verdicts;
  }

  LedgerView ledgerView() {
    return ledger;
  }

  synchronized SampleTexts texts() {
    if (texts == null) {
      texts = SampleTexts.open(folder, recipe().modelNameOrPath());
    }
    return texts;
  }

  synchronized Recipe recipe() {
    if (recipe == null) {
      recipe = RecipeReader.readRecorded(folder.resolve("effective-recipe.yaml"));
    }
    return recipe;
  }

  @Override
  public synchronized void close() {
    if (texts != null) {
      texts.close();
      texts = null;
    }
  }
}
