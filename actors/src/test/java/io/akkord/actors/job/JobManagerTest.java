package io.akkord.actors.job;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.receptionist.Receptionist;
import akka.persistence.testkit.JournalOperation;
import akka.persistence.testkit.PersistenceTestKitPlugin;
import akka.persistence.testkit.PersistenceTestKitSnapshotPlugin;
import akka.persistence.testkit.WriteEvents;
import akka.persistence.testkit.javadsl.PersistenceTestKit;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.job.JobManager.Answer;
import io.akkord.actors.job.JobManager.Listing;
import io.akkord.actors.journal.DiskSync;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.proto.JobEvent;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import scala.jdk.javaapi.CollectionConverters;

/** The queue of jobs when its journal fails, and when it is told things twice or too late. */
class JobManagerTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          PersistenceTestKitPlugin.config()
              .withFallback(PersistenceTestKitSnapshotPlugin.config())
              .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
              .withFallback(ConfigFactory.load()));
  private static final PersistenceTestKit JOURNAL = PersistenceTestKit.create(KIT.system());
  private static int clusters;

  private final BlockingQueue<Started> started = new LinkedBlockingQueue<>();
  private String journal;
  private ActorRef<JobManager.Command> jobs;

  /** What was begun, and who is to hear of its end. */
  private record Started(Job job, boolean again, Consumer<JobRunner.Outcome> ended) {}

  @BeforeAll
  static void aWorkerIsThere() {
    TestProbe<WorkerHost.Command> worker = KIT.createTestProbe();
    KIT.system().receptionist().tell(Receptionist.register(WorkerHost.KEY, worker.getRef()));
  }

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void start() {
    String cluster = "cluster-" + clusters++;
    journal = "jobs|" + cluster;
    JobRunner runner =
        (job, again, workers, ended) -> {
          started.add(new Started(job, again, ended));
          return reason -> ended.accept(new JobRunner.Outcome("stopped", reason, 3, false));
        };
    jobs =
        KIT.spawn(
            JobManager.create(
                new JobManager.Identity(cluster, "here", "127.0.0.1:1"),
                runner,
                DiskSync.none(),
                Clock.systemUTC()));
  }

  private Started next() throws InterruptedException {
    Started next = started.poll(10, TimeUnit.SECONDS);
    assertThat(next).as("a job that is begun").isNotNull();
    return next;
  }

  private String submit(String output) {
    TestProbe<Answer> probe = KIT.createTestProbe();
    Order order =
        new Order("r.yaml", "", "/", "/", List.of(), 1, true, List.of("learning_rate"), output);
    jobs.tell(new JobManager.Submit(order, probe.getRef()));
    return probe.receiveMessage(Duration.ofSeconds(10)).job();
  }

  private Job job(String id) {
    TestProbe<Listing> probe = KIT.createTestProbe();
    jobs.tell(new JobManager.GetJobs(probe.getRef()));
    return probe.receiveMessage(Duration.ofSeconds(10)).rows().stream()
        .map(JobManager.Row::job)
        .filter(job -> job.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private void awaitState(String id, Job.State state) {
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> job(id).state() == state);
  }

  @Test
  void aJobWhoseBeginningCouldNotBeWrittenIsBegunOnceItCan() throws Exception {
    String first = submit("/out/a");
    Started running = next();
    String second = submit("/out/b");
    // The end of the first is written, the beginning of the second is not, at first.
    JOURNAL.failNextNOpsCond((id, operation) -> id.equals(journal) && writesStart(operation), 1);
    running.ended().accept(new JobRunner.Outcome("finished", "all steps are done", 9, false));
    Started other = next();
    assertThat(other.job().id()).isEqualTo(second);
    assertThat(other.job().order().resumeAnyway()).containsExactly("learning_rate");
    awaitState(second, Job.State.RUNNING);
    assertThat(job(first).state()).isEqualTo(Job.State.FINISHED);
    assertThat(job(second).begun()).isEqualTo(1);
    assertThat(started).as("begun once").isEmpty();
    other.ended().accept(new JobRunner.Outcome("finished", "all steps are done", 9, false));
    awaitState(second, Job.State.FINISHED);
  }

  private static boolean writesStart(JournalOperation operation) {
    return operation instanceof WriteEvents write
        && CollectionConverters.asJava(write.batch()).stream()
            .anyMatch(event -> event instanceof JobEvent job && job.hasStarted());
  }

  @Test
  void anEndThatCouldNotBeWrittenIsWrittenLaterAndTheJobIsNotBegunAgain() throws Exception {
    String id = submit("/out/c");
    Started running = next();
    JOURNAL.failNextNPersisted(journal, 2);
    running.ended().accept(new JobRunner.Outcome("failed", "a reason", 4, false));
    awaitState(id, Job.State.FAILED);
    assertThat(job(id).reason()).isEqualTo("a reason");
    assertThat(job(id).committedSteps()).isEqualTo(4);
    assertThat(started).isEmpty();
  }

  @Test
  void aJobWhoseNodeWasCutOffIsBegunAgain() throws Exception {
    String id = submit("/out/d");
    Started running = next();
    assertThat(running.again()).isFalse();
    running.ended().accept(new JobRunner.Outcome(JobRunner.LOST, "cut off", 4, false));
    Started again = next();
    assertThat(again.again()).isTrue();
    assertThat(again.job().id()).isEqualTo(id);
    again.ended().accept(new JobRunner.Outcome("finished", "", 9, false));
    awaitState(id, Job.State.FINISHED);
    assertThat(job(id).begun()).isEqualTo(2);
  }

  private Answer answer(Function<ActorRef<Answer>, JobManager.Command> ask) {
    TestProbe<Answer> probe = KIT.createTestProbe();
    jobs.tell(ask.apply(probe.getRef()));
    return probe.receiveMessage(Duration.ofSeconds(10));
  }

  private Answer stopJob(String id) {
    return answer(replyTo -> new JobManager.StopJob(id, replyTo));
  }

  private static final JobRunner.Outcome FINISHED =
      new JobRunner.Outcome("finished", "all steps are done", 9, false);

  @Test
  void aSecondJobIntoTheFolderOfOneThatIsNotOverIsRefused() throws Exception {
    String id = submit("/out/e");
    Started running = next();
    Order order = new Order("r.yaml", "", "/", "/", List.of(), 1, false, List.of(), "/out/e");
    Answer refused = answer(replyTo -> new JobManager.Submit(order, replyTo));
    assertThat(refused.job()).isEmpty();
    assertThat(refused.refused()).contains("/out/e belongs to " + id, "running");
    running.ended().accept(FINISHED);
    awaitState(id, Job.State.FINISHED);
    assertThat(answer(replyTo -> new JobManager.Submit(order, replyTo)).refused()).isEmpty();
    next().ended().accept(FINISHED);
  }

  @Test
  void aJobThatIsUnknownOrOverCannotBeStopped() throws Exception {
    assertThat(stopJob("job-77")).isEqualTo(new Answer("", "there is no job-77"));
    String id = submit("/out/f");
    next().ended().accept(FINISHED);
    awaitState(id, Job.State.FINISHED);
    assertThat(stopJob(id)).isEqualTo(new Answer("", id + " is over: finished"));
    assertThat(job(id).state()).isEqualTo(Job.State.FINISHED);
  }

  @Test
  void aJobThatWaitsIsStoppedAndNeverBegins() throws Exception {
    String first = submit("/out/g");
    Started running = next();
    String second = submit("/out/h");
    assertThat(stopJob(second)).isEqualTo(new Answer(second, ""));
    assertThat(job(second).state()).isEqualTo(Job.State.STOPPED);
    assertThat(job(second).reason()).isEqualTo("stopped before it began");
    assertThat(stopJob(second).refused()).contains("is over: stopped");
    running.ended().accept(FINISHED);
    awaitState(first, Job.State.FINISHED);
    assertThat(started).isEmpty();
  }

  @Test
  void aJobThatRunsIsStoppedOnceHoweverOftenItIsAsked() throws Exception {
    String id = submit("/out/i");
    next();
    assertThat(stopJob(id)).isEqualTo(new Answer(id, ""));
    awaitState(id, Job.State.STOPPED);
    assertThat(job(id).reason()).isEqualTo("stopped by akkord job stop");
    assertThat(stopJob(id).refused()).contains("is over");
  }

  @Test
  void anEndThatIsToldTwiceOrOfAnotherJobEndsNothingElse() throws Exception {
    String first = submit("/out/j");
    Started one = next();
    String second = submit("/out/k");
    one.ended().accept(FINISHED);
    Started two = next();
    assertThat(two.job().id()).isEqualTo(second);
    one.ended().accept(new JobRunner.Outcome("failed", "late", 3, false));
    one.ended().accept(new JobRunner.Outcome(JobRunner.LOST, "late", 3, false));
    awaitState(second, Job.State.RUNNING);
    assertThat(job(first).state()).isEqualTo(Job.State.FINISHED);
    assertThat(job(first).reason()).isEqualTo("all steps are done");
    assertThat(started).as("begun once").isEmpty();
    two.ended().accept(FINISHED);
    two.ended().accept(FINISHED);
    awaitState(second, Job.State.FINISHED);
    assertThat(job(second).begun()).isEqualTo(1);
  }
}
