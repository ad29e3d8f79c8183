package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.model.TestModels;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The batch script as Slurm runs it, with programs in Slurm's place that start the tasks on this
 * machine: SIGTERM saves at the step in flight, and the run goes on to the same bits.
 */
class SlurmIT {
  private static final int STEPS = 40;

  @TempDir private Path folder;
  private ClusterCommands cluster;
  private Process script;

  @BeforeEach
  void putProgramsInSlurmsPlace() throws IOException {
    cluster = new ClusterCommands(folder);
    Files.createDirectory(folder.resolve("bin"));
    program("scontrol", "tr , '\\n' <<<\"$3\"");
    program("hostname", "echo 127.0.0.1");
    // As the real one: it passes no SIGTERM on, it kills.
    program(
        "srun",
        """
        while [[ "$1" == --* ]]; do shift; done
        "$@" &
        trap 'kill -KILL $!' TERM
        wait $!
        """);
    program(
        "akkord",
        "exec %s -Xmx1g -XX:TieredStopAtLevel=1 -Dakkord.home=%s $AKKORD_JAVA_OPTS -cp '%s' %s \"$@\""
            .formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                Path.of("..").toRealPath(),
                System.getProperty("java.class.path"),
                Main.class.getName()));
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(
          folder.resolve("data.jsonl"), lines.limit(24).collect(Collectors.joining("\n")) + "\n");
    }
  }

  @AfterEach
  void leaveNothing() {
    script.descendants().forEach(ProcessHandle::destroyForcibly);
    script.destroyForcibly();
  }

  @Test
  void sigtermSavesWhileTheWorkersAreThereAndTheSameCommandGoesOnToTheSameBits() throws Exception {
    assertThat(Main.run("train", recipe("quiet"), "--in-process", "--no-dashboard")).isZero();

    script = sbatch("first.log", recipe("run"));
    cluster.awaitSteps("run", 5);
    script.destroy();
    assertThat(script.waitFor(300, TimeUnit.SECONDS)).as(log("first.log")).isTrue();
    assertThat(script.exitValue()).as(log("first.log")).isZero();
    assertThat(log("first.log"))
        .contains("SIGTERM: the job that runs here is saved")
        .contains("saved; go on with: sbatch deploy/slurm/train.sbatch");
    int saved = Files.readAllLines(folder.resolve("run/metrics.jsonl")).size();
    assertThat(saved).as("it was ended in the middle").isLessThan(STEPS);
    assertThat(folder.resolve("run/checkpoint-" + saved)).isDirectory();
    assertThat(cluster.nodes()).isEmpty();

    script = sbatch("second.log", recipe("run"), "--resume");
    assertThat(script.waitFor(300, TimeUnit.SECONDS)).as(log("second.log")).isTrue();
    assertThat(script.exitValue()).as(log("second.log")).isZero();
    assertThat(log("second.log")).contains("Job 'job-1' finished");
    assertThat(cluster.hash("run")).isEqualTo(cluster.hash("quiet"));
    assertThat(Files.readAllLines(folder.resolve("run/metrics.jsonl"))).hasSize(STEPS);
    assertThat(folder.resolve(".akkord-77")).as("the token is gone").doesNotExist();
  }

  private void program(String name, String text) throws IOException {
    Path file =
        Files.writeString(folder.resolve("bin").resolve(name), "#!/usr/bin/env bash\n" + text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Process sbatch(String log, String... words) throws IOException {
    List<String> command = new ArrayList<>(List.of("bash", "slurm/train.sbatch"));
    command.addAll(List.of(words));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(log).toFile());
    builder.environment().merge("PATH", folder.resolve("bin") + ":", (path, bin) -> bin + path);
    builder.environment().put("AKKORD", folder.resolve("bin/akkord").toString());
    builder.environment().put("AKKORD_PORT", "" + freePort());
    builder.environment().put("AKKORD_DASHBOARD_PORT", "" + freePort());
    builder.environment().put("SLURM_SUBMIT_DIR", folder.toString());
    builder.environment().put("SLURM_JOB_ID", "77");
    builder.environment().put("SLURM_JOB_NODELIST", "one,two");
    return builder.start();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Only the end of a run, or who tells it to stop, makes a checkpoint. */
  private String recipe(String output) throws IOException {
    return Files.writeString(
            folder.resolve(output + ".yaml"),
            """
            model_name_or_path: %s
            train_file: data.jsonl
            output_dir: %s
            global_batch_size: 8
            micro_batch_size: 2
            logical_shards: 4
            max_steps: %d
            max_length: 256
            too_long: truncate
            learning_rate: 1.0e-3
            rewrite: off
            save_steps: 1000
            """
                .formatted(
                    TestModels.stories260K().toAbsolutePath(), folder.resolve(output), STEPS))
        .toString();
  }

  private String log(String name) throws IOException {
    return Files.readString(folder.resolve(name));
  }
}
