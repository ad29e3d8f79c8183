package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.checkpoint.FlatSource;
import io.akkord.actors.params.ShardFixture.Out;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What copies are filled with at the start; element e of a source is its base + e. */
class SliceFeederTest {
  private static final ActorTestKit KIT = ActorTestKit.create();

  @TempDir static Path folder;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  private static FlatSource from(float base) {
    return (element, target) -> {
      var floats = target.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
      for (int i = 0; floats.hasRemaining(); i++) {
        floats.put(base + element + i);
      }
    };
  }

  private static ActorRef<SliceFeeder.Feed> feeder(
      ShardFixture s, long version, SliceStore.Initial initial) {
    return KIT.spawn(SliceFeeder.create(s.facts, s.bulk, version, initial));
  }

  /** So many blocks, when they have come. */
  private static List<String> fed(ShardFixture s, int blocks) {
    List<Out> all = s.arrived(blocks);
    all.forEach(out -> out.release().run());
    return all.stream()
        .map(
            out ->
                "%s %d of slice %d, 1 of %d, %s: %s"
                    .formatted(
                        out.header().kind(),
                        out.header().step(),
                        out.header().slice(),
                        out.header().hi(),
                        out.header().dtype(),
                        out.numbers()))
        .toList();
  }

  @Test
  void aFreshRunStartsFromItsWeightsAlone() {
    ShardFixture s = new ShardFixture(KIT, folder);
    feeder(s, 0, new SliceStore.Initial(from(10), null, null))
        .tell(new SliceFeeder.Feed(1, s.reader()));
    assertThat(fed(s, 1))
        .containsExactly("SNAPSHOT_WEIGHTS 0 of slice 1, 1 of 1, FLOAT32: 12.0 13.0");
  }

  @Test
  void aResumedRunGetsTheMomentsOfItsVersionToo() {
    ShardFixture s = new ShardFixture(KIT, folder);
    feeder(s, 4, new SliceStore.Initial(from(10), from(20), from(30)))
        .tell(new SliceFeeder.Feed(0, s.reader()));
    assertThat(fed(s, 3))
        .containsExactly(
            "SNAPSHOT_WEIGHTS 4 of slice 0, 1 of 3, FLOAT32: 10.0 11.0",
            "SNAPSHOT_FIRST_MOMENT 4 of slice 0, 1 of 3, FLOAT32: 20.0 21.0",
            "SNAPSHOT_SECOND_MOMENT 4 of slice 0, 1 of 3, FLOAT32: 30.0 31.0");
    assertThat(SliceBlocks.state(s.facts)).isEqualTo(Dtype.FLOAT32);
  }

  @Test
  void aCopyThatIsFedTwiceIsFilledOnceAndLetsGoOfTheRest() {
    ShardFixture s = new ShardFixture(KIT, folder);
    s.shard.tell(ParameterShard.Publish.INSTANCE);
    s.shard.tell(new ParameterShard.Admit("w", s.reader()));
    ActorRef<SliceFeeder.Feed> feeder =
        feeder(s, 4, new SliceStore.Initial(from(10), from(20), from(30)));
    LaneAddress behind = s.reader();
    feeder.tell(new SliceFeeder.Feed(0, s.lane));
    feeder.tell(new SliceFeeder.Feed(0, s.lane));
    feeder.tell(new SliceFeeder.Feed(1, behind));
    List<Out> all = s.arrived(4);
    s.settled();
    assertThat(all).filteredOn(out -> out.header().slice() == 0).hasSize(1);
    assertThat(s.arrived()).isEmpty();
    s.sum(4, 1);
    assertThat(s.summed()).containsExactly("step 4 under 1");
  }

  @Test
  void aCopyThatIsGoneDoesNotKeepTheOthersWaiting() {
    ShardFixture s = new ShardFixture(KIT, folder);
    LaneAddress gone = s.reader();
    s.bulk.close(gone);
    ActorRef<SliceFeeder.Feed> feeder = feeder(s, 0, new SliceStore.Initial(from(1), null, null));
    feeder.tell(new SliceFeeder.Feed(0, gone));
    feeder.tell(new SliceFeeder.Feed(0, s.reader()));
    assertThat(fed(s, 1)).hasSize(1);
  }
}
