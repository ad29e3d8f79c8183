package io.akkord.actors.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.proto.JobEvent;
import org.junit.jupiter.api.Test;

/** Who waits, for what, how much of it is there, and why. */
class JobsTest {
  private static final String HEAD = "10.0.0.1:7265";

  private Jobs jobs = Jobs.EMPTY;

  private void submit(String id, int workers) {
    jobs =
        jobs.apply(
            JobEvent.newBuilder()
                .setJob(id)
                .setSubmitted(
                    JobEvent.Submitted.newBuilder().setWorkers(workers).setOutputDir("/" + id))
                .build());
  }

  private void start(String id) {
    jobs =
        jobs.apply(
            JobEvent.newBuilder()
                .setJob(id)
                .setStarted(JobEvent.Started.newBuilder().setNode("head"))
                .build());
  }

  private String pending(String id, int there) {
    return jobs.pending(jobs.byId().get(id), there, HEAD);
  }

  @Test
  void theFirstWaitsForWorkersAndSaysHowToStartMore() {
    submit("job-1", 3);
    assertThat(pending("job-1", 2))
        .isEqualTo("wants 3 workers, has 2: start more with akkord start --address " + HEAD);
    submit("job-2", 1);
    assertThat(pending("job-2", 2))
        .isEqualTo(
            "wants 1 worker, has none of 2: job-1 is pending and comes first (akkord job stop job-1 ends it)");
  }

  @Test
  void theNextWaitsForTheOneThatRunsWhichWaitsForNothing() {
    submit("job-1", 1);
    start("job-1");
    submit("job-2", 4);
    assertThat(pending("job-1", 1)).isEmpty();
    assertThat(pending("job-2", 1))
        .isEqualTo(
            "wants 4 workers, has none of 1: job-1 is running and comes first (akkord job stop job-1 ends it)");
  }
}
