package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.akkord.model.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real program on a small disk of its own that fills up under it and is mounted read-only. The
 * disk is a tmpfs in a user namespace; where the system allows none, this says so and is skipped.
 */
class BadDiskIT {
  private static final int MINUTES = 8;

  /**
   * $1: a folder to mount on, $2: the recipe, the rest: the program. Every line that a test looks
   * for begins with a star.
   */
  private static final String SCRIPT =
      """
      set -u
      disk=$1; recipe=$2; shift 2
      out=$disk/out
      mount -t tmpfs -o size=300m tmpfs "$disk" || exit 77
      lines() { [ -f "$out/metrics.jsonl" ] && wc -l < "$out/metrics.jsonl" || echo 0; }
      await() { for i in $(seq 1 1200); do [ "$(lines)" -ge "$1" ] && return; sleep 0.1; done; echo "* no step $1"; }

      "$@" train "$recipe" --in-process --workers 1 & run=$!
      await 3
      dd if=/dev/zero of="$disk/filler" bs=64k 2>/dev/null
      echo "* full after $(lines) steps"
      sleep 4
      kill -0 $run && echo "* alive while the disk is full"
      rm "$disk/filler"
      await 7
      echo "* goes on after the disk was full"
      kill -9 $run; wait $run 2>/dev/null

      mount -o remount,ro "$disk" && echo "* read-only"
      "$@" train "$recipe" --in-process --workers 1 --resume; echo "* read-only: exit $?"
      mount -o remount,rw "$disk"

      fallocate -l 280m "$disk/filler" 2>/dev/null || dd if=/dev/zero of="$disk/filler" bs=1M count=280 2>/dev/null
      "$@" train "$recipe" --in-process --workers 1 --resume; echo "* nearly full: exit $?"
      rm "$disk/filler"

      "$@" train "$recipe" --in-process --workers 1 --resume; echo "* resumed: exit $?"
      echo "* sha $(sha256sum < "$out/model.safetensors" | cut -d' ' -f1)"
      ls -a "$out" | sed 's/^/* has /'
      """;

  @TempDir Path folder;

  @Test
  void aDiskThatFillsUpOrIsReadOnlyIsNamedAndNothingIsLost() throws Exception {
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(
          folder.resolve("data.jsonl"), lines.limit(16).collect(Collectors.joining("\n")) + "\n");
    }
    Path disk = Files.createDirectory(folder.resolve("disk"));
    Path recipe = recipe("small", disk.resolve("out"));
    String text = run(disk, recipe);

    assertThat(text)
        .contains("* alive while the disk is full", "* goes on after the disk was full")
        .contains("* read-only\n")
        .contains("output_dir " + disk.resolve("out") + " cannot be written")
        .contains("* read-only: exit 1")
        .containsPattern("too little room for this run: about \\d+ MB are needed, \\d+ MB are free")
        .contains("* nearly full: exit 1", "* resumed: exit 0")
        .doesNotContain("* has .ledger", "* has .checkpoint");
    Path quiet = folder.resolve("quiet");
    Path same = recipe("quiet", quiet);
    assertThat(Main.run("train", same.toString(), "--in-process", "--workers", "2")).isZero();
    assertThat(text).contains("* sha " + sha256(quiet.resolve("model.safetensors")));
  }

  private String run(Path disk, Path recipe) throws Exception {
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(
                "unshare",
                "-rm",
                "bash",
                "-c",
                SCRIPT,
                "bad-disk",
                disk.toString(),
                recipe.toString(),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    String text = Files.readString(log);
    if (!text.contains("* ")) {
      abort("this system lets nobody mount a disk of his own, so none was filled: " + text.strip());
    }
    return text;
  }

  private Path recipe(String name, Path output) throws IOException {
    Path recipe = folder.resolve(name + ".yaml");
    Files.writeString(
        recipe,
        """
        model_name_or_path: %s
        train_file: data.jsonl
        output_dir: %s
        global_batch_size: 8
        micro_batch_size: 2
        logical_shards: 4
        max_steps: 40
        max_length: 256
        too_long: truncate
        learning_rate: 1.0e-3
        warmup_steps: 1
        rewrite: off
        save_steps: 5
        save_total_limit: 1
        """
            .formatted(TestModels.stories260K().toAbsolutePath(), output));
    return recipe;
  }

  private static String sha256(Path file) throws Exception {
    byte[] bytes = Files.readAllBytes(file);
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
