package io.akkord.actors.dashboard;

import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import io.akkord.actors.dashboard.CheckpointVerdicts.Verdict;
import io.akkord.model.UserError;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.HfFolder;
import io.akkord.proto.CheckpointManifest;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The checkpoints of a run: what is on disk, and what was and is not any more. */
public final class CheckpointRows {
  private static final Set<String> WEIGHTS = Set.of(HfFolder.WEIGHTS, AdapterFolder.WEIGHTS);

  private CheckpointRows() {}

  /** Newest first. Hashes that are not known yet are read meanwhile; nobody waits for them. */
  public static List<Map<String, Object>> of(RunView run) {
    return of(
        Checkpoints.list(run.folder()),
        run.read(m -> List.copyOf(m.checkpoints())),
        run.verdicts());
  }

  static List<Map<String, Object>> of(
      List<Checkpoint> onDisk, List<CheckpointFinished> finished, CheckpointVerdicts verdicts) {
    verdicts.keep(onDisk.stream().map(Checkpoint::folder).toList());
    Map<Long, CheckpointFinished> told = new HashMap<>();
    finished.forEach(c -> told.put(c.getCommittedSteps(), c));
    List<Map<String, Object>> rows = new ArrayList<>();
    boolean taken = false;
    for (Checkpoint checkpoint : onDisk) {
      Optional<String> fault = Checkpoints.incomplete(checkpoint.folder());
      Optional<Verdict> verdict =
          fault.isPresent() ? Optional.of(new Verdict(fault)) : verdicts.of(checkpoint.folder());
      // A resume takes the newest whose hashes match; one that is not known to differ may be it.
      boolean sound = verdict.map(v -> v.fault().isEmpty()).orElse(true);
      rows.add(
          onDisk(
              checkpoint,
              told.remove(checkpoint.committedSteps()),
              fault.isEmpty(),
              verdict,
              sound && !taken));
      taken |= sound;
    }
    markTheBest(rows);
    told.values().forEach(gone -> rows.add(gone(gone)));
    rows.sort(
        (a, b) -> Long.compare((Long) b.get("committed_steps"), (Long) a.get("committed_steps")));
    return rows;
  }

  /** Each manifest says which was the best one then; the newest knows. */
  private static void markTheBest(List<Map<String, Object>> newestFirst) {
    Object best =
        newestFirst.stream()
            .map(row -> row.get("best"))
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(null);
    newestFirst.stream()
        .filter(row -> row.containsKey("best"))
        .forEach(row -> row.put("best", row.get("committed_steps").equals(best)));
  }

  private static Map<String, Object> onDisk(
      Checkpoint checkpoint,
      CheckpointFinished finishedOrNull,
      boolean whole,
      Optional<Verdict> verdict,
      boolean resumed) {
    Map<String, Object> row = Views.map();
    row.put("committed_steps", checkpoint.committedSteps());
    row.put("folder", String.valueOf(checkpoint.folder().getFileName()));
    row.put("seconds", finishedOrNull == null ? null : finishedOrNull.getSeconds());
    row.put(
        "checkpoint_blocked_seconds",
        finishedOrNull == null ? null : finishedOrNull.getBlockedSeconds());
    row.put("resumes_from_here", resumed);
    row.put("verified", verdict.map(v -> v.fault().isEmpty()).orElse(null));
    String fault = verdict.flatMap(Verdict::fault).orElse(null);
    row.put("fault", fault);
    row.put("state", !whole ? "not a whole checkpoint" : fault == null ? "complete" : "damaged");
    try {
      CheckpointManifest manifest = Checkpoints.manifest(checkpoint.folder());
      row.put("created_at", manifest.getCreatedAt());
      row.put(
          "bytes",
          manifest.getFilesList().stream().mapToLong(CheckpointManifest.File::getBytes).sum());
      row.put("attempt", manifest.getAttempt());
      row.put("best", manifest.hasBest() ? manifest.getBest().getCommittedSteps() : null);
      row.put(
          "sha256",
          manifest.getFilesList().stream()
              .filter(file -> WEIGHTS.contains(file.getName()))
              .map(CheckpointManifest.File::getSha256)
              .findFirst()
              .orElse(null));
      row.put("files", manifest.getFilesCount());
    } catch (UserError e) {
      // Without a manifest nothing else is known of it.
    }
    return row;
  }

  private static Map<String, Object> gone(CheckpointFinished finished) {
    Map<String, Object> row = Views.map();
    row.put("committed_steps", finished.getCommittedSteps());
    row.put("seconds", finished.getSeconds());
    row.put("checkpoint_blocked_seconds", finished.getBlockedSeconds());
    row.put("resumes_from_here", false);
    row.put("verified", null);
    row.put("fault", null);
    row.put("state", "removed by rotation");
    return row;
  }
}
