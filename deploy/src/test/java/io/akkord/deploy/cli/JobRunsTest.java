package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.job.Job;
import io.akkord.actors.job.JobRunner;
import io.akkord.actors.job.Order;
import io.akkord.actors.journal.RunInUse;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.Settings;
import io.akkord.model.TestModels;
import io.akkord.model.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that cannot be carried out: the queue always hears of their end. */
class JobRunsTest {
  @TempDir private Path folder;

  @BeforeEach
  void writeData() throws Exception {
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(
          folder.resolve("data.jsonl"), lines.limit(8).collect(Collectors.joining("\n")) + "\n");
    }
  }

  private JobRunner.Outcome carry(boolean again, RuntimeException failure) throws Exception {
    return carry(
        again,
        output -> {
          throw failure;
        });
  }

  private JobRunner.Outcome carry(boolean again, TrainingRun.RuntimeOpener opener)
      throws Exception {
    String recipe =
        """
        model_name_or_path: %s
        train_file: data.jsonl
        output_dir: out
        max_length: 256
        too_long: truncate
        """
            .formatted(TestModels.stories260K().toAbsolutePath());
    String here = folder.toString();
    Order order =
        new Order("r.yaml", recipe, here, here, List.of(), 1, false, List.of(), here + "/out");
    Job job = new Job("job-1", order, Job.State.RUNNING, 1, "here", "", 0, false, 1, 1, 0);
    JobRuns runs =
        new JobRuns(
            Settings.read(ConfigFactory.load()),
            folder,
            opener,
            (output, say) -> new RunDashboard(output, null, Optional.empty(), null));
    CompletableFuture<JobRunner.Outcome> ended = new CompletableFuture<>();
    runs.start(job, again, 1, ended::complete);
    return ended.get(60, TimeUnit.SECONDS);
  }

  /** As a node's is that was frozen and not killed, which lets go of it sooner or later. */
  @Test
  void aRunThatAnotherProcessStillHasOpenIsBegunAgainIfItWasBegunBefore() throws Exception {
    UserError inUse = new UserError("another process has it open", new RunInUse());
    assertThat(carry(true, inUse).outcome()).isEqualTo(JobRunner.LOST);
    assertThat(carry(false, inUse).outcome()).isEqualTo("failed");
    assertThat(carry(true, new UserError("a disk is full")).outcome()).isEqualTo("failed");
  }

  @Test
  void anErrorOfTheMachineIsAnEndToo() throws Exception {
    JobRunner.Outcome outcome =
        carry(
            false,
            output -> {
              throw new OutOfMemoryError("Java heap space");
            });
    assertThat(outcome.outcome()).isEqualTo("failed");
    assertThat(outcome.reason()).contains("OutOfMemoryError: Java heap space");
    assertThat(Files.readString(folder.resolve("job-1.log"))).contains("please report it");
  }
}
