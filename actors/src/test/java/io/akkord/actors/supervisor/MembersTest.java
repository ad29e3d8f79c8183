package io.akkord.actors.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestInbox;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.params.Assignment;
import io.akkord.actors.supervisor.Members.Member;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.actors.worker.WorkerHost;
import java.util.List;
import org.junit.jupiter.api.Test;

class MembersTest {
  private final Members members = new Members(3, 6);

  private static Member member(String name) {
    return new Member(
        TestInbox.<GpuWorker.Command>create(name).getRef(),
        new LaneAddress(name, 1),
        TestInbox.<WorkerHost.Command>create("host-of-" + name).getRef());
  }

  private void join(String... names) {
    for (String name : names) {
      members.join(name, member(name));
    }
  }

  @Test
  void theStartWaitsForWhoIsNeitherHereNorUnableToCome() {
    assertThat(members.nobodyIsMissing()).isFalse();
    join("a", "b");
    assertThat(members.nobodyIsMissing()).isFalse();
    assertThat(members.fail("c", "its disk is full")).isTrue();
    assertThat(members.fail("c", "its disk is full")).as("known").isFalse();
    assertThat(members.nobodyIsMissing()).isTrue();
    assertThat(members.failureText()).isEqualTo("; c: its disk is full");
    join("c");
    assertThat(members.failureText()).as("it came after all").isEmpty();
    assertThat(members.all().keySet()).containsExactly("a", "b", "c");
  }

  @Test
  void nobodyComesWhenAllHaveFailed() {
    members.fail("a", "one");
    members.refuse("b", member("b").ref(), "two");
    assertThat(members.nobodyCame()).isFalse();
    members.fail("c", "three");
    assertThat(members.nobodyCame()).isTrue();
    assertThat(members.nobodyIsMissing()).as("and nothing can begin").isFalse();
  }

  @Test
  void whoIsOverIsKnownByItsActorAndNotByItsName() {
    join("a");
    Member first = members.get("a");
    assertThat(members.remove("a", "killed")).isEqualTo(first);
    assertThat(members.remove("a", "killed")).isNull();
    assertThat(members.isOver(first.ref())).isTrue();
    assertThat(members.failureOf("a")).isEqualTo("killed");
    Member successor = member("a-again");
    members.join("a", successor);
    assertThat(members.isOver(successor.ref())).isFalse();
    assertThat(members.failureOf("a")).isEqualTo("it ended without a word");
  }

  @Test
  void whoLeavesGetsNothingNewUnlessNobodyStays() {
    join("c", "a", "b");
    assertThat(members.staying()).containsExactly("a", "b", "c");
    assertThat(members.leave("a", "SIGTERM")).isTrue();
    assertThat(members.leave("a", "again")).isFalse();
    assertThat(members.leaving()).containsEntry("a", "SIGTERM");
    assertThat(members.staying()).containsExactly("b", "c");
    members.leave("b", "SIGTERM");
    members.leave("c", "SIGTERM");
    assertThat(members.allLeave()).isTrue();
    assertThat(members.staying()).as("the last steps need somebody").containsExactly("a", "b", "c");
    members.remove("a", "SIGTERM");
    assertThat(members.leaves("a")).isFalse();
    assertThat(members.allLeave()).isTrue();
  }

  @Test
  void onlyTheSharesOfWhoIsGoneMove() {
    join("a", "b", "c");
    assertThat(members.divide())
        .isEqualTo(new Assignment(1, List.of("a", "a", "b", "b", "c", "c")));
    members.remove("b", "killed");
    assertThat(members.reassign())
        .isEqualTo(new Assignment(2, List.of("a", "a", "a", "c", "c", "c")));
    members.moved(new Assignment(5, List.of("c", "c", "c", "a", "a", "a")));
    join("b");
    assertThat(members.divide())
        .isEqualTo(new Assignment(6, List.of("a", "a", "b", "b", "c", "c")));
  }
}
