package io.akkord.actors.dashboard;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.checkpoint.CheckpointFixture;
import io.akkord.actors.checkpoint.CheckpointWriter;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.model.TestModels;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizeOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A run of four samples with texts that mean harm; its ledger is in a checkpoint. */
public final class HostileRun {
  /** Its prompt is a line of a megabyte. */
  public static final String SCRIPT = "script";

  /** Its completion is made of what costs most to write down. */
  public static final String MARKS = "marks";

  /** Long, and rewritten. */
  public static final String LETTERS = "letters";

  public static final String SMALL = "small";

  private static final int MEGABYTE = 1 << 20;
  private static final int SOME = 60_000;

  private HostileRun() {}

  private static String line(String piece, int length) {
    return piece.repeat(length / piece.length());
  }

  private static String row(String id, String prompt, String completion) throws IOException {
    return new ObjectMapper()
        .writeValueAsString(Map.of("id", id, "prompt", prompt, "completion", completion));
  }

  /** Writes it to a folder. */
  public static void write(Path run) throws IOException {
    Files.writeString(
        run.resolve("run.json"), "{\"run_id\": \"r\", \"created_at\": \"2026-01-01T00:00:00Z\"}");
    Files.writeString(
        run.resolve("effective-recipe.yaml"),
        "model_name_or_path: %s\ntrain_file: data.jsonl\noutput_dir: %s\n"
            .formatted(TestModels.stories260K().toAbsolutePath(), run));
    Path data =
        Files.write(
            run.resolve("data.jsonl"),
            List.of(
                row(SCRIPT, line("<script>alert(1)</script> ", MEGABYTE), " a short answer"),
                row(MARKS, "Once", line(" \u202eesrever \u0007\u001b[31m", SOME)),
                row(LETTERS, "Once", line(" ж", SOME)),
                row(SMALL, "Once", " upon a time")));
    Path tokens = Files.createDirectories(run.resolve(".tokens")).resolve("train.tokens");
    TokenFile.build(
            data,
            TestModels.stories260K(),
            new TokenizeOptions(MEGABYTE, TokenizeOptions.TooLong.ERROR, true),
            tokens,
            note -> {})
        .close();
    new CheckpointWriter(10, CheckpointFixture.CLOCK, FreeSpace.real())
        .write(run, CheckpointFixture.content(2));
  }
}
