package io.akkord.actors.dashboard;

import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import io.akkord.model.UserError;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.HfFolder;
import io.akkord.proto.CheckpointManifest;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The checkpoints of a run: what is on disk, and what was and is not any more. */
public final class CheckpointRows {
  private static final Set<String> WEIGHTS = Set.of(HfFolder.WEIGHTS, AdapterFolder.WEIGHTS);

  private CheckpointRows() {}

  /** Newest first. */
  public static List<Map<String, Object>> of(RunView run) {
    Map<Long, CheckpointFinished> told = new HashMap<>();
    run.read(m -> List.copyOf(m.checkpoints())).forEach(c -> told.put(c.getCommittedSteps(), c));
    long resumed =
        Checkpoints.newestComplete(run.folder()).map(Checkpoint::committedSteps).orElse(-1L);
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Checkpoint checkpoint : Checkpoints.list(run.folder())) {
      CheckpointFinished finished = told.remove(checkpoint.committedSteps());
      rows.add(onDisk(checkpoint, finished, checkpoint.committedSteps() == resumed));
    }
    told.values().forEach(gone -> rows.add(gone(gone)));
    rows.sort(
        (a, b) -> Long.compare((Long) b.get("committed_steps"), (Long) a.get("committed_steps")));
    return rows;
  }

  private static Map<String, Object> onDisk(
      Checkpoint checkpoint, CheckpointFinished finishedOrNull, boolean resumed) {
    Map<String, Object> row = Views.map();
    row.put("committed_steps", checkpoint.committedSteps());
    row.put("folder", String.valueOf(checkpoint.folder().getFileName()));
    row.put("seconds", finishedOrNull == null ? null : finishedOrNull.getSeconds());
    row.put(
        "checkpoint_blocked_seconds",
        finishedOrNull == null ? null : finishedOrNull.getBlockedSeconds());
    row.put("resumes_from_here", resumed);
    try {
      CheckpointManifest manifest = Checkpoints.manifest(checkpoint.folder());
      row.put("state", "complete");
      row.put("created_at", manifest.getCreatedAt());
      row.put(
          "bytes",
          manifest.getFilesList().stream().mapToLong(CheckpointManifest.File::getBytes).sum());
      row.put("attempt", manifest.getAttempt());
      row.put(
          "best",
          manifest.hasBest()
              && manifest.getBest().getCommittedSteps() == checkpoint.committedSteps());
      row.put(
          "sha256",
          manifest.getFilesList().stream()
              .filter(file -> WEIGHTS.contains(file.getName()))
              .map(CheckpointManifest.File::getSha256)
              .findFirst()
              .orElse(null));
      row.put("files", manifest.getFilesCount());
    } catch (UserError e) {
      row.put("state", "not a whole checkpoint");
    }
    return row;
  }

  private static Map<String, Object> gone(CheckpointFinished finished) {
    Map<String, Object> row = Views.map();
    row.put("committed_steps", finished.getCommittedSteps());
    row.put("seconds", finished.getSeconds());
    row.put("checkpoint_blocked_seconds", finished.getBlockedSeconds());
    row.put("resumes_from_here", false);
    row.put("state", "removed by rotation");
    return row;
  }
}
