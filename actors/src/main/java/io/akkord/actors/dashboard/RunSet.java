package io.akkord.actors.dashboard;

import io.akkord.model.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The runs a dashboard shows: one it is about, and those beside it to compare with. */
public final class RunSet implements AutoCloseable {
  /** The newest so many. */
  public static final int LIMIT = 20;

  private final Path folder;
  private final Map<String, RunView> runs = new LinkedHashMap<>();
  private final Map<Path, FileTime> passedOver = new HashMap<>();
  private volatile String mainId;

  private RunSet(Path folder) {
    this.folder = folder;
  }

  /** The runs under {@code folder}; the newest is the main one. */
  public static RunSet under(Path folder) {
    RunSet set = new RunSet(folder.toAbsolutePath().normalize());
    set.look();
    return set;
  }

  /** The run in {@code folder} and those beside it. */
  public static RunSet around(Path folder) {
    Path run = folder.toAbsolutePath().normalize();
    RunSet set = new RunSet(run.getParent());
    set.begin(run);
    return set;
  }

  /** No run yet; each that begins is added, wherever its folder is. */
  public static RunSet empty() {
    return new RunSet(null);
  }

  /** The runs beside {@code folder}, where a run is about to begin. */
  public static RunSet beside(Path folder) {
    return new RunSet(folder.toAbsolutePath().normalize().getParent());
  }

  /** The run that has begun in {@code folder} becomes the main one. */
  public synchronized RunView begin(Path folder) {
    Path run = folder.toAbsolutePath().normalize();
    RunView view =
        runs.values().stream()
            .filter(known -> known.folder().equals(run))
            .findFirst()
            .orElseGet(() -> RunView.of(run));
    put(view);
    mainId = view.id();
    return view;
  }

  private synchronized void put(RunView run) {
    runs.putIfAbsent(run.id(), run);
  }

  /** Finds runs that have begun since, and reads what all of them told since the last time. */
  public void refresh() {
    look();
    all().forEach(RunView::refresh);
  }

  private void look() {
    if (folder == null || !Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      entries.filter(this::isNew).forEach(this::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    trim();
  }

  /** Neither on show nor looked at in vain since it was last written. */
  private synchronized boolean isNew(Path run) {
    return RunView.isRun(run)
        && runs.values().stream().noneMatch(known -> known.folder().equals(run))
        && !RunView.writtenAt(run).equals(passedOver.get(run));
  }

  /** One that cannot be read, or has the name of another, hides no other. */
  private synchronized void add(Path run) {
    try {
      RunView view = RunView.of(run);
      put(view);
      if (runs.get(view.id()) == view) {
        return;
      }
    } catch (UserError e) {
      // Said by whoever names this folder; here it is one of many.
    }
    passOver(run);
  }

  private void passOver(Path run) {
    passedOver.put(run, RunView.writtenAt(run));
  }

  private synchronized void trim() {
    List<RunView> newest =
        runs.values().stream()
            .sorted(Comparator.comparingLong(RunView::createdAt).reversed())
            .toList();
    newest.stream()
        .skip(LIMIT)
        .filter(run -> !run.id().equals(mainId))
        .forEach(
            run -> {
              runs.remove(run.id());
              passOver(run.folder());
              run.close();
            });
  }

  /** Newest first. */
  public synchronized List<RunView> all() {
    return runs.values().stream()
        .sorted(Comparator.comparingLong(RunView::createdAt).reversed())
        .toList();
  }

  /** The run of that id; empty: the main one. */
  public synchronized Optional<RunView> find(String id) {
    if (id.isEmpty()) {
      return mainId == null ? all().stream().findFirst() : find(mainId);
    }
    return Optional.ofNullable(runs.get(id));
  }

  @Override
  public synchronized void close() {
    runs.values().forEach(RunView::close);
  }
}
