package io.akkord.actors.content;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.content.ContentKeeper.Failed;
import io.akkord.actors.content.ContentKeeper.Fetching;
import io.akkord.actors.content.ContentKeeper.Here;
import io.akkord.actors.content.ContentKeeper.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run needs on one node: as it is, from the cache, or over the lane. */
class ContentKeeperTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ConfigFactory.parseResources("akkord-actors.conf").withFallback(ConfigFactory.load()));
  private static final int CHUNK = 64 << 10;
  private static final int SIZE = 3 * CHUNK + 5;
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir Path temp;
  private final ContentOffers offers = new ContentOffers();
  private final List<ActorRef<?>> started = new ArrayList<>();
  private final LossyBulk bulk = new LossyBulk(header -> false);
  private LossyBulk line = bulk;
  private long limit = 1L << 40;
  private Duration deadline = LONG;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @AfterEach
  void stopActors() {
    started.forEach(KIT::stop);
  }

  @Test
  void whatTheHeadsPathsHoldHereIsUsedAsItIsAndNoCacheIsMade() throws Exception {
    ContentManifest one = offer("a/one");
    ContentManifest two = offer("b/two");
    Here here = (Here) keep(false, one, two).receiveMessage(LONG);
    assertThat(here.fetched()).isZero();
    assertThat(here.folders().get(one.id())).isEqualTo(temp.resolve("head/a"));
    assertThat(here.folders().get(two.id())).isEqualTo(temp.resolve("head/b"));
    assertThat(temp.resolve("cache")).doesNotExist();
    assertThat(bulk.sent).hasValue(0);
  }

  @Test
  void aNodeThatSeesNothingFetchesAllOfItOnceAndFindsItInTheCacheNextTime() throws Exception {
    ContentManifest one = offer("a/one");
    ContentManifest two = offer("b/two");
    TestProbe<Report> first = keep(true, one, two);
    assertThat(first.receiveMessage(LONG)).isEqualTo(new Fetching("task", 2L * SIZE));
    Here here = (Here) first.receiveMessage(LONG);
    assertThat(here.fetched()).isEqualTo(2L * SIZE);
    assertThat(here.folders().get(two.id()).resolve("two"))
        .hasSameBinaryContentAs(temp.resolve("head/b/two"));
    assertThat(here.folders().get(two.id())).startsWith(temp.resolve("cache"));

    Here again = (Here) keep(true, one, two).receiveMessage(LONG);
    assertThat(again.fetched()).isZero();
    assertThat(again.folders()).isEqualTo(here.folders());
    assertThat(bulk.sent).hasValue(8);
  }

  @Test
  void onlyTheContentThatDiffersIsFetched() throws Exception {
    ContentManifest one = offer("a/one");
    ContentManifest two = offer("b/two");
    // This host has another file of the same size where the head has the second one.
    Path other = Files.createDirectories(temp.resolve("node/b")).resolve("two");
    Files.write(other, new byte[SIZE]);
    ContentManifest elsewhere =
        new ContentManifest(two.id(), other.getParent().toString(), two.files());
    TestProbe<Report> parent = keep(false, one, elsewhere);
    assertThat(parent.receiveMessage(LONG)).isEqualTo(new Fetching("task", SIZE));
    Here here = (Here) parent.receiveMessage(LONG);
    assertThat(here.fetched()).isEqualTo(SIZE);
    assertThat(here.folders().get(one.id())).isEqualTo(temp.resolve("head/a"));
    assertThat(here.folders().get(two.id()).resolve("two"))
        .hasSameBinaryContentAs(temp.resolve("head/b/two"));
  }

  @Test
  void aDamagedFileOfTheCacheIsFetchedAgain() throws Exception {
    ContentManifest one = offer("a/one");
    TestProbe<Report> first = keep(true, one);
    first.receiveMessage(LONG);
    Path copy =
        ((Here) first.receiveMessage(LONG)).folders().get(one.id()).resolve("one").toRealPath();
    byte[] bytes = Files.readAllBytes(copy);
    bytes[77] ^= 1;
    Files.write(copy, bytes);
    TestProbe<Report> second = keep(true, one);
    assertThat(second.receiveMessage(LONG)).isEqualTo(new Fetching("task", SIZE));
    assertThat(((Here) second.receiveMessage(LONG)).fetched()).isEqualTo(SIZE);
    assertThat(copy).hasSameBinaryContentAs(temp.resolve("head/a/one"));
  }

  @Test
  void theCacheIsCutToItsLimitButWhatIsInUseStays() throws Exception {
    limit = SIZE;
    Path old = fetched(offer("a/old"));
    started.forEach(KIT::stop);
    started.clear();
    Path used = fetched(offer("b/used"));
    fetched(offer("c/new"));
    Awaitility.await().atMost(LONG).until(() -> !Files.exists(old));
    assertThat(used.resolve("used")).hasSameBinaryContentAs(temp.resolve("head/b/used"));
  }

  @Test
  void theDeadlineSaysWhoHowFarAndFromWhere() throws Exception {
    deadline = Duration.ofMillis(400);
    line = new LossyBulk(header -> header.step() == 2);
    ContentManifest one = offer("a/one");
    TestProbe<Report> parent = keep(true, one);
    assertThat(parent.receiveMessage(LONG)).isInstanceOf(Fetching.class);
    assertThat(((Failed) parent.receiveMessage(LONG)).reason())
        .contains("model and data were not on akka://")
        .contains("within PT0.4S: ")
        .contains(" of " + ByteText.of(SIZE) + " of model and data are here")
        .contains("asked for from akka://")
        .contains("akkord.deadlines.start-up");
  }

  @Test
  void bytesAreSaidInUnitsOfPeople() {
    assertThat(ByteText.of(999)).isEqualTo("999 bytes");
    assertThat(ByteText.of(1_000)).isEqualTo("1.0 kB");
    assertThat(ByteText.of(1_234_567_890L)).isEqualTo("1.2 GB");
    assertThat(ByteText.of(999_999)).isEqualTo("1.0 MB");
  }

  private Path fetched(ContentManifest content) {
    TestProbe<Report> parent = keep(true, content);
    assertThat(parent.receiveMessage(LONG)).isInstanceOf(Fetching.class);
    return ((Here) parent.receiveMessage(LONG)).folders().get(content.id());
  }

  private ContentManifest offer(String name) throws IOException {
    byte[] bytes = new byte[SIZE];
    new Random(name.hashCode()).nextBytes(bytes);
    Path file = temp.resolve("head").resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, bytes);
    return offers.files(file.getParent(), List.of(file.getFileName().toString()));
  }

  private TestProbe<Report> keep(boolean ignoreLocal, ContentManifest... contents) {
    ContentSettings settings =
        new ContentSettings(
            temp.resolve("cache"), limit, ignoreLocal, CHUNK, 8, 4, Duration.ofSeconds(5), 8);
    var server = KIT.spawn(ContentServer.create(line, offers, settings));
    TestProbe<Report> parent = KIT.createTestProbe(Report.class);
    var task = new ContentKeeper.Task("task", "node", List.of(contents), server, deadline);
    started.add(server);
    started.add(KIT.spawn(ContentKeeper.create(task, line, settings, parent.getRef())));
    return parent;
  }
}
