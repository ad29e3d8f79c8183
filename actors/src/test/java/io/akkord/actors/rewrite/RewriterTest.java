package io.akkord.actors.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.supervisor.Supervisor.GroupRewritten;
import io.akkord.actors.worker.GatedCompute;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Groups that come twice, fail or are not finished; the device is gated. */
class RewriterTest {
  private static final ActorTestKit KIT = ActorTestKit.create();

  private final GatedCompute compute = new GatedCompute();
  private final TestProbe<Supervisor.Command> supervisor =
      KIT.createTestProbe(Supervisor.Command.class);
  private final ActorRef<Rewriter.Command> rewriter =
      KIT.spawn(Rewriter.create("w", compute, supervisor.ref()));

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  private void ask(long version, int cycle, int group) {
    rewriter.tell(new Rewriter.Rewrite(new RewriteGroup(cycle, group, List.of()), version));
  }

  private void isTold(long version, int cycle, int group) {
    assertThat(supervisor.expectMessageClass(GroupRewritten.class))
        .isEqualTo(new GroupRewritten("w", version, cycle, group, List.of()));
  }

  @Test
  void everyGroupIsAnsweredWithTheVersionAndCycleItWasAskedFor() {
    ask(4, 1, 7);
    ask(6, 2, 7);
    isTold(4, 1, 7);
    isTold(6, 2, 7);
    assertThat(compute.calls()).containsExactly("rewrite 7 with 4", "rewrite 7 with 6");
  }

  /** The supervisor counts it once; an answer that was lost must come again. */
  @Test
  void aGroupThatIsAskedForTwiceIsAnsweredTwice() {
    ask(4, 1, 7);
    ask(4, 1, 7);
    isTold(4, 1, 7);
    isTold(4, 1, 7);
  }

  @Test
  void aGroupThatFailsIsToldByItsNumberAndTheNextIsStillRewritten() {
    compute.gate("rewrite");
    ask(4, 1, 7);
    ask(4, 1, 8);
    awaitCalls(2);
    compute.fail("rewrite", "no memory");
    assertThat(supervisor.expectMessageClass(Supervisor.WorkerFailed.class).reason())
        .contains("rewriting group 7", "no memory");
    compute.let("rewrite");
    isTold(4, 1, 8);
  }

  private void awaitCalls(int number) {
    await().pollInterval(Duration.ofMillis(2)).until(() -> compute.waiting() == number);
  }

  @Test
  void whoIsStoppedMeanwhileTellsNobody() {
    compute.gate("rewrite");
    ask(4, 1, 7);
    awaitCalls(1);
    KIT.stop(rewriter);
    compute.let("rewrite");
    supervisor.ref().tell(new Supervisor.Stop("behind whatever was told"));
    supervisor.expectMessageClass(Supervisor.Stop.class);
  }
}
