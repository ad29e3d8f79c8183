package io.akkord.actors.job;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.receptionist.Receptionist;
import akka.persistence.testkit.PersistenceTestKitPlugin;
import akka.persistence.testkit.PersistenceTestKitSnapshotPlugin;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.journal.DiskSync;
import io.akkord.actors.worker.WorkerHost;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A job that was running when head and workers ended, and the head alone was started again. */
class JobWithoutWorkersTest {
  private static final Duration LONG = Duration.ofSeconds(10);
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final ActorTestKit kit =
      ActorTestKit.create(
          PersistenceTestKitPlugin.config()
              .withFallback(PersistenceTestKitSnapshotPlugin.config())
              .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
              .withFallback(ConfigFactory.load()));
  private final BlockingQueue<Job> begun = new LinkedBlockingQueue<>();
  private ActorRef<JobManager.Command> jobs;

  @BeforeEach
  void aRunningJobLosesEverybody() throws Exception {
    jobs = head();
    TestProbe<WorkerHost.Command> worker = worker();
    TestProbe<JobManager.Answer> answer = kit.createTestProbe();
    Order order = new Order("r.yaml", "", "/", "/", List.of(), 1, false, List.of(), "/out");
    jobs.tell(new JobManager.Submit(order, answer.getRef()));
    assertThat(answer.receiveMessage(LONG).job()).isEqualTo("job-1");
    assertThat(begun.poll(10, TimeUnit.SECONDS)).isNotNull();
    kit.stop(jobs);
    worker.stop();
    Awaitility.await().atMost(LONG).until(this::nobodyIsThere);
    jobs = head();
    Awaitility.await().atMost(LONG).until(() -> row().pending().contains("has 0"));
  }

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  private ActorRef<JobManager.Command> head() {
    JobRunner runner =
        (job, again, workers, ended) -> {
          begun.add(job);
          return reason -> ended.accept(new JobRunner.Outcome("stopped", reason, 3, false));
        };
    return kit.spawn(
        JobManager.create(
            new JobManager.Identity("cluster", "here", "127.0.0.1:1"),
            runner,
            DiskSync.none(),
            Clock.systemUTC(),
            PATIENCE));
  }

  private TestProbe<WorkerHost.Command> worker() {
    TestProbe<WorkerHost.Command> worker = kit.createTestProbe();
    kit.system().receptionist().tell(Receptionist.register(WorkerHost.KEY, worker.getRef()));
    return worker;
  }

  private boolean nobodyIsThere() {
    TestProbe<Receptionist.Listing> probe = kit.createTestProbe();
    kit.system().receptionist().tell(Receptionist.find(WorkerHost.KEY, probe.getRef()));
    return probe.receiveMessage(LONG).getServiceInstances(WorkerHost.KEY).isEmpty();
  }

  private JobManager.Row row() {
    TestProbe<JobManager.Listing> probe = kit.createTestProbe();
    jobs.tell(new JobManager.GetJobs(probe.getRef()));
    return probe.receiveMessage(LONG).rows().get(0);
  }

  private void askToStop() {
    TestProbe<JobManager.Answer> answer = kit.createTestProbe();
    jobs.tell(new JobManager.StopJob("job-1", answer.getRef()));
    assertThat(answer.receiveMessage(LONG)).isEqualTo(new JobManager.Answer("job-1", ""));
  }

  private void awaitStopped(String reason) {
    Awaitility.await().atMost(LONG).until(() -> row().job().state() == Job.State.STOPPED);
    assertThat(row().job().reason()).contains(reason);
  }

  @Test
  void itSaysWhatItWaitsFor() {
    assertThat(row().job().state()).isEqualTo(Job.State.RUNNING);
    assertThat(row().pending())
        .isEqualTo(
            "was begun on here, wants 1 worker to go on with, has 0: start one with akkord start"
                + " --address 127.0.0.1:1, or end it with akkord job stop job-1");
    worker();
    Awaitility.await().atMost(LONG).until(() -> row().pending().isEmpty());
    assertThat(begun).hasSize(1);
  }

  @Test
  void itCanBeStoppedThoughNobodyComes() {
    askToStop();
    assertThat(row().job().state()).isEqualTo(Job.State.RUNNING);
    awaitStopped("stopped while no worker was there");
    assertThat(begun).isEmpty();
  }

  @Test
  void aHeadThatIsStartedAgainRemembersThatItIsToStop() {
    askToStop();
    kit.stop(jobs);
    jobs = head();
    awaitStopped("stopped while no worker was there");
  }

  @Test
  void aWorkerThatComesInTimeIsAskedWhatItHasKept() {
    askToStop();
    worker();
    awaitStopped("stopped by akkord job stop");
    assertThat(begun).hasSize(1);
  }
}
