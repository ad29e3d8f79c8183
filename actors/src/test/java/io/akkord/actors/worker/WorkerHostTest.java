package io.akkord.actors.worker;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.receptionist.Receptionist;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.content.ContentManifest;
import io.akkord.actors.content.ContentServer;
import io.akkord.actors.content.ContentSettings;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.takeover.SliceSurvey;
import io.akkord.config.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host between attempts, and one that leaves; the files of its runs never come. */
class WorkerHostTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ManualTime.config()
              .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
              .withFallback(ConfigFactory.load()));
  private static final ManualTime TIME = ManualTime.get(KIT.system());
  private static final Settings SETTINGS = Settings.read(ConfigFactory.load());
  private static final Duration AGAIN = Duration.ofSeconds(5);
  private static final Duration SHORT = Duration.ofMillis(100);
  private static int hosts;

  @TempDir static Path temp;
  private final String id = "worker-" + hosts++;
  private final TestProbe<Supervisor.Command> supervisor = KIT.createTestProbe();
  private ActorRef<WorkerHost.Command> host;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void start() {
    ContentSettings content =
        new ContentSettings(temp, 1L << 30, true, 64 << 10, 8, 4, Duration.ofSeconds(20), 8);
    host =
        KIT.spawn(
            WorkerHost.offered(
                id, new Devices(List.of(id)), List.of(0), new InJvmBulk(), SETTINGS, content));
  }

  private static ContentManifest nowhere(String name) {
    var file = new ContentManifest.Entry(name, 1 << 20, "0".repeat(64));
    return ContentManifest.of("/nowhere", List.of(file));
  }

  private void takePart(String run, long attempt, TestProbe<Supervisor.Command> of) {
    ContentManifest model = nowhere("config.json");
    ContentManifest tokens = nowhere(RunSpec.TRAIN_TOKENS);
    TestProbe<ContentServer.Command> server = KIT.createTestProbe();
    TestProbe<ParameterServer.Command> parameters = KIT.createTestProbe();
    TestProbe<Ledger.Command> ledger = KIT.createTestProbe();
    RunSpec spec = new RunSpec(run, attempt, "", model, tokens, server.ref(), 1, 1);
    host.tell(new WorkerHost.StartWorker(spec, parameters.ref(), ledger.ref(), of.ref()));
  }

  private void takePart(String run, long attempt) {
    takePart(run, attempt, supervisor);
    Supervisor.Starting starting = next(Supervisor.Starting.class);
    assertThat(starting)
        .isEqualTo(new Supervisor.Starting(id, host, ProcessHandle.current().pid()));
  }

  private <T extends Supervisor.Command> T next(Class<T> kind) {
    Supervisor.Command message;
    do {
      message = supervisor.receiveMessage(Duration.ofSeconds(10));
    } while (message instanceof Supervisor.WorkerSays);
    return kind.cast(message);
  }

  /** But for how its files come along. */
  private void saysNoMore() {
    Supervisor.Command message;
    do {
      try {
        message = supervisor.receiveMessage(SHORT);
      } catch (AssertionError nothing) {
        return;
      }
    } while (message instanceof Supervisor.WorkerSays);
    throw new AssertionError("it says " + message);
  }

  private void ends() {
    supervisor.expectTerminated(host, Duration.ofSeconds(10));
  }

  private void leave() {
    host.tell(new WorkerHost.Leave("it was asked to"));
  }

  @Test
  void whoTakesPartInNothingGoesAtOnceAndIsOfferedNoMore() {
    TestProbe<Receptionist.Listing> listings = KIT.createTestProbe();
    KIT.system().receptionist().tell(Receptionist.subscribe(WorkerHost.KEY, listings.ref()));
    leave();
    ends();
    Receptionist.Listing listing;
    do {
      listing = listings.receiveMessage(Duration.ofSeconds(10));
    } while (listing.getServiceInstances(WorkerHost.KEY).contains(host));
  }

  @Test
  void whoTakesPartInARunSaysThatItLeavesUntilItsSupervisorLetsItGo() {
    takePart("run", 2);
    leave();
    assertThat(next(Supervisor.Leaving.class))
        .isEqualTo(new Supervisor.Leaving(id, host, "it was asked to"));
    leave();
    host.tell(new WorkerHost.StopRun("another run", 9));
    host.tell(new WorkerHost.StopRun("run", 1));
    saysNoMore();
    TIME.timePasses(AGAIN);
    assertThat(next(Supervisor.Leaving.class).worker()).isEqualTo(id);
    host.tell(new WorkerHost.StopRun("run", 2));
    ends();
  }

  @Test
  void itWaitsForEveryRunItTakesPartIn() {
    takePart("one", 1);
    TestProbe<Supervisor.Command> other = KIT.createTestProbe();
    takePart("two", 1, other);
    other.expectMessageClass(Supervisor.Starting.class);
    leave();
    next(Supervisor.Leaving.class);
    host.tell(new WorkerHost.StopRun("two", 1));
    saysNoMore();
    TIME.timePasses(AGAIN);
    assertThat(next(Supervisor.Leaving.class).worker()).as("the first one is asked").isEqualTo(id);
    host.tell(new WorkerHost.StopRun("one", 1));
    ends();
  }

  @Test
  void whoIsNotLetGoInTimeSaysSoAndGoes() {
    takePart("run", 1);
    leave();
    TIME.timePasses(SETTINGS.deadlines().drain());
    Supervisor.Command message;
    do {
      message = supervisor.receiveMessage(Duration.ofSeconds(10));
      TIME.timePasses(AGAIN);
    } while (!(message instanceof Supervisor.WorkerFailed));
    assertThat(((Supervisor.WorkerFailed) message).reason())
        .contains("it was asked to", "its supervisor has not let it go within PT4M");
    ends();
  }

  @Test
  void whoseSupervisorEndsMeanwhileGoes() {
    takePart("run", 1);
    leave();
    next(Supervisor.Leaving.class);
    TestProbe<Object> watcher = KIT.createTestProbe();
    supervisor.stop();
    watcher.expectTerminated(host, Duration.ofSeconds(10));
  }

  @Test
  void whoLeavesTakesPartInNothingNew() {
    takePart("run", 1);
    leave();
    next(Supervisor.Leaving.class);
    TestProbe<Supervisor.Command> other = KIT.createTestProbe();
    takePart("another run", 1, other);
    assertThat(other.expectMessageClass(Supervisor.WorkerFailed.class))
        .isEqualTo(new Supervisor.WorkerFailed(id, "it leaves: it was asked to"));
    host.tell(new WorkerHost.StopRun("run", 1));
    ends();
  }

  @Test
  void aQuestionForWhatIsLeftEndsTheAttemptsBeforeAndIsAnsweredEachTime() {
    takePart("run", 1);
    TestProbe<SliceSurvey.Holds> survey = KIT.createTestProbe();
    host.tell(new WorkerHost.WhatIsLeft("run", 2, survey.ref()));
    host.tell(new WorkerHost.WhatIsLeft("run", 2, survey.ref()));
    for (int i = 0; i < 2; i++) {
      SliceSurvey.Holds holds = survey.receiveMessage(Duration.ofSeconds(10));
      assertThat(holds.host()).isEqualTo(host);
      assertThat(holds.copies()).isEmpty();
    }
    // The attempt is over here: nobody has to let it go.
    leave();
    ends();
  }

  /** The supervisor before may live on for a while, and what it has sent may come late. */
  @Test
  void whoseAttemptANewerOneHasAskedAboutBeginsNothingHere() {
    TestProbe<SliceSurvey.Holds> survey = KIT.createTestProbe();
    host.tell(new WorkerHost.WhatIsLeft("run", 3, survey.ref()));
    survey.receiveMessage(Duration.ofSeconds(10));
    TestProbe<Supervisor.Command> old = KIT.createTestProbe();
    takePart("run", 2, old);
    old.expectNoMessage(SHORT);
    takePart("run", 3);
    TestProbe<Supervisor.Command> other = KIT.createTestProbe();
    takePart("another run", 1, other);
    other.expectMessageClass(Supervisor.Starting.class);
  }

  @Test
  void aStopOfARunItKnowsNothingOfOrThatComesTwiceChangesNothing() {
    host.tell(new WorkerHost.StopRun("run", 7));
    takePart("run", 8);
    host.tell(new WorkerHost.StopRun("run", 7));
    leave();
    next(Supervisor.Leaving.class);
    host.tell(new WorkerHost.StopRun("run", 8));
    host.tell(new WorkerHost.StopRun("run", 8));
    ends();
  }
}
