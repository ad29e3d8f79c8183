package io.akkord.actors.content;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.FishingOutcomes;
import akka.actor.testkit.typed.javadsl.LoggingTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.content.ContentFetcher.Failed;
import io.akkord.actors.content.ContentFetcher.Missing;
import io.akkord.actors.content.ContentFetcher.Progress;
import io.akkord.actors.content.ContentFetcher.Ready;
import io.akkord.actors.content.ContentFetcher.Report;
import io.akkord.model.hf.ModelConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Head and nodes in one process; what a node must not see of the head's disk is hidden. */
class ContentFetchTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ConfigFactory.parseResources("akkord-actors.conf").withFallback(ConfigFactory.load()));
  private static final Path STORIES = Path.of("../deploy/demo/models/stories260K");
  private static final int CHUNK = 256 << 10;
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir Path temp;
  private final ContentOffers offers = new ContentOffers();
  private final List<ActorRef<?>> started = new ArrayList<>();
  private ContentSettings settings = settings(Duration.ofMillis(300), 8, 8);

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @AfterEach
  void stopActors() {
    started.forEach(KIT::stop);
  }

  @Test
  void twoNodesGetTheModelAndALargeFileBitByBit() throws Exception {
    settings = settings(Duration.ofSeconds(10), 3, 8);
    LossyBulk bulk = new LossyBulk(header -> false);
    var server = server(bulk);
    ContentManifest model = hidden(offers.model(STORIES, false));
    Path large = random("large.tokens", 30 << 20);
    ContentManifest tokens = hidden(offerFile(large));
    for (String node : List.of("a", "b")) {
      Path folder = ready(fetch(model, server, bulk, store(node)));
      for (ContentManifest.Entry entry : model.files()) {
        assertThat(folder.resolve(entry.name()))
            .hasSameBinaryContentAs(STORIES.resolve(entry.name()));
      }
      assertThat(ModelConfig.read(folder).vocabSize()).isPositive();
      assertThat(folder.resolve("model.safetensors")).doesNotExist();
      Path copy = ready(fetch(tokens, server, bulk, store(node)));
      assertThat(copy.resolve("large.tokens")).hasSameBinaryContentAs(large);
    }
    assertThat(model.files()).extracting(ContentManifest.Entry::name).hasSize(5);
    assertThat(bulk.most.get()).as("chunks under way").isBetween(1, settings.chunksSent());

    int sent = bulk.sent.get();
    ready(fetch(model, server, bulk, store("a")));
    ready(fetch(tokens, server, bulk, store("b")));
    assertThat(bulk.sent.get()).as("blocks of the second fetch").isEqualTo(sent);
  }

  @Test
  void progressIsReportedInBytesWhileItGoesOn() throws Exception {
    settings = settings(Duration.ofMillis(1500), 8, 8);
    Set<Long> lostOnce = ConcurrentHashMap.newKeySet();
    LossyBulk bulk = new LossyBulk(header -> header.step() == 1 && lostOnce.add(header.step()));
    ContentManifest manifest = hidden(offerFile(random("f", 1 << 20)));
    TestProbe<Report> parent = fetch(manifest, server(bulk), bulk, store("a"));
    assertThat(parent.receiveMessage(LONG)).isEqualTo(new Missing(manifest.id(), 1 << 20));
    assertThat(parent.receiveMessage(LONG))
        .isEqualTo(new Progress(manifest.id(), 3L * CHUNK, 0, 4L * CHUNK));
    ready(parent);
  }

  @Test
  void aDamagedBlobIsFetchedAgain() throws Exception {
    LossyBulk bulk = new LossyBulk(header -> false);
    var server = server(bulk);
    Path file = random("f", 1 << 20);
    ContentManifest manifest = hidden(offerFile(file));
    Path copy = ready(fetch(manifest, server, bulk, store("a"))).resolve("f");
    byte[] bytes = Files.readAllBytes(copy);
    bytes[12345] ^= 1;
    Files.write(copy.toRealPath(), bytes);
    assertThat(copy).hasSize(1 << 20);
    Path again = ready(fetch(manifest, server, bulk, store("a"))).resolve("f");
    assertThat(again).isEqualTo(copy).hasSameBinaryContentAs(file);

    Files.write(copy.toRealPath(), new byte[3]);
    ready(fetch(manifest, server, bulk, store("a")));
    assertThat(copy).hasSameBinaryContentAs(file);
    assertThat(bulk.sent.get()).isEqualTo(12);
  }

  @Test
  void aLostChunkIsAskedForAgain() throws Exception {
    Set<Long> lostOnce = ConcurrentHashMap.newKeySet();
    LossyBulk bulk = new LossyBulk(header -> header.step() % 3 == 1 && lostOnce.add(header.step()));
    Path file = random("f", (2 << 20) + 77);
    Path folder = ready(fetch(hidden(offerFile(file)), server(bulk), bulk, store("a")));
    assertThat(folder.resolve("f")).hasSameBinaryContentAs(file);
    assertThat(lostOnce).containsExactlyInAnyOrder(1L, 4L, 7L);
    assertThat(bulk.sent.get()).isEqualTo(9 + 3);
  }

  @Test
  void chunksOfAnotherTypeOrLengthAreRefusedAndTheRightOnesTaken() throws Exception {
    List<CompletableFuture<Void>> strange = new CopyOnWriteArrayList<>();
    LossyBulk bulk = new LossyBulk(header -> false);
    bulk.before(
        (to, h) -> {
          if (h.step() == 1) {
            BulkHeader floats =
                new BulkHeader(
                    h.run(), 1, 1, 0, h.kind(), Dtype.FLOAT32, h.lo(), h.hi(), h.slice());
            strange.add(bulk.slip(to, floats, ByteBuffer.allocate(CHUNK)).toCompletableFuture());
            strange.add(bulk.slip(to, h, ByteBuffer.allocate(5)).toCompletableFuture());
          }
        });
    Path file = random("f", 1 << 20);
    ContentManifest manifest = hidden(offerFile(file));
    Path folder =
        LoggingTestKit.warn("expected 262144 bytes of BYTES")
            .withOccurrences(2)
            .expect(KIT.system(), () -> ready(fetch(manifest, server(bulk), bulk, store("a"))));
    assertThat(folder.resolve("f")).hasSameBinaryContentAs(file);
    assertThat(strange).hasSize(2).allMatch(CompletableFuture::isDone);
  }

  @Test
  void aChunkThatNeverComesIsGivenUpWithWhoWhatAndHowFar() throws Exception {
    settings = settings(Duration.ofMillis(50), 3, 4);
    LossyBulk bulk = new LossyBulk(header -> header.step() == 2);
    ContentManifest manifest = hidden(offerFile(random("f", 1 << 20)));
    assertThat(failed(fetch(manifest, server(bulk), bulk, store("a"))))
        .contains("file f, 786432 of 1048576 bytes are here")
        .contains("the chunk at byte 524288 was asked for 4 times within PT0.75S")
        .contains("did not come from akka://");
  }

  @Test
  void aNewServerTakesOverAndAStoppedFetchIsResumed() throws Exception {
    settings = settings(Duration.ofSeconds(30), 3, 8);
    Path file = random("f", 4 << 20);
    ContentManifest manifest = hidden(offerFile(file));
    AtomicInteger passed = new AtomicInteger();
    LossyBulk bulk = new LossyBulk(header -> passed.incrementAndGet() > 5);
    var first = server(bulk);
    TestProbe<Report> parent = KIT.createTestProbe(Report.class);
    var fetcher = fetcher(manifest, first, bulk, store("a"), parent);
    // The first head dies with 5 of 16 chunks sent.
    parent.fishForMessage(
        LONG,
        report ->
            report instanceof Progress p && p.done() == 5L * CHUNK
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndIgnore());
    KIT.stop(first);
    passed.set(-5); // the second one sends 10 more, then dies as well
    var second = server(bulk);
    fetcher.tell(new ContentFetcher.UseServer(second));
    parent.fishForMessage(
        LONG,
        report ->
            report instanceof Progress p && p.done() == 15L * CHUNK
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndIgnore());
    KIT.stop(second);
    KIT.stop(fetcher);
    // The node starts again and goes on where it was.
    LossyBulk third = new LossyBulk(header -> false);
    Path folder = ready(fetch(manifest, server(third), third, store("a")));
    assertThat(folder.resolve("f")).hasSameBinaryContentAs(file);
    assertThat(third.sent.get()).isEqualTo(1);
  }

  @Test
  void aFileThatWasChangedOnTheHeadIsRefused() throws Exception {
    LossyBulk bulk = new LossyBulk(header -> false);
    Path file = random("f", 1 << 20);
    ContentManifest manifest = hidden(offerFile(file));
    var server = server(bulk);
    Files.write(file, new byte[] {1, 2, 3, 4}, StandardOpenOption.WRITE);
    assertThat(failed(fetch(manifest, server, bulk, store("a"))))
        .contains("the bytes of f have SHA-256 ")
        .contains("and the manifest says " + manifest.files().get(0).sha256())
        .contains("was changed after it was offered; start the run again");
    Files.write(file, new byte[] {1}, StandardOpenOption.APPEND);
    assertThat(failed(fetch(manifest, server, bulk, store("a"))))
        .contains("has 1048577 bytes and had 1048576 when it was offered");
  }

  @Test
  void whatAnEarlierFetchLeftDamagedIsFetchedOnceMore() throws Exception {
    settings = settings(Duration.ofMillis(50), 3, 4);
    Path file = random("f", 1 << 20);
    ContentManifest manifest = hidden(offerFile(file));
    LossyBulk lossy = new LossyBulk(header -> header.step() == 3);
    failed(fetch(manifest, server(lossy), lossy, store("a")));
    Path part = temp.resolve("a/blobs").resolve(manifest.files().get(0).sha256()).resolve("part");
    Files.write(part, new byte[] {9, 9, 9}, StandardOpenOption.WRITE);
    LossyBulk bulk = new LossyBulk(header -> false);
    Path folder = ready(fetch(manifest, server(bulk), bulk, store("a")));
    assertThat(folder.resolve("f")).hasSameBinaryContentAs(file);
    assertThat(bulk.sent.get()).isEqualTo(1 + 4);
  }

  @Test
  void aContentThatIsNotOfferedIsSaidSo() throws Exception {
    settings = settings(Duration.ofMillis(20), 3, 4);
    LossyBulk bulk = new LossyBulk(header -> false);
    ContentManifest manifest = hidden(offerFile(random("f", 1 << 20)));
    offers.withdraw(manifest.id());
    assertThat(failed(fetch(manifest, server(bulk), bulk, store("a"))))
        .contains("content " + manifest.id() + " is not offered");
  }

  @Test
  void aManifestThatLeadsOutIsRefusedBeforeAnythingIsWritten() {
    LossyBulk bulk = new LossyBulk(header -> false);
    var entry = new ContentManifest.Entry("../../.ssh/authorized_keys", 3, "0".repeat(64));
    ContentManifest bad = new ContentManifest("0".repeat(64), "/nowhere", List.of(entry));
    assertThat(failed(fetch(bad, server(bulk), bulk, store("a"))))
        .contains("\"../../.ssh/authorized_keys\" could lead out of the folder");
    assertThat(temp.resolve("a")).doesNotExist();
  }

  @Test
  void twoFetchersShareOneCacheAtTheSameTime() throws Exception {
    settings = settings(Duration.ofSeconds(5), 8, 8);
    LossyBulk bulk = new LossyBulk(header -> false);
    var server = server(bulk);
    Path file = random("f", 20 << 20);
    ContentManifest manifest = hidden(offerFile(file));
    TestProbe<Report> one = fetch(manifest, server, bulk, store("same"));
    TestProbe<Report> two = fetch(manifest, server, bulk, store("same"));
    Path folder = ready(one);
    assertThat(ready(two)).isEqualTo(folder);
    assertThat(folder.resolve("f")).hasSameBinaryContentAs(file);
    assertThat(bulk.sent.get()).as("every chunk once").isEqualTo(80);
  }

  @Test
  void aSharedFileSystemIsUsedOnlyWhileTheHashIsRight() throws Exception {
    LossyBulk bulk = new LossyBulk(header -> false);
    Path file = random("f", 1 << 20);
    ContentManifest manifest = offerFile(file);
    Path folder = ready(fetch(manifest, server(bulk), bulk, store("a")));
    assertThat(folder.resolve("f").toRealPath()).isEqualTo(file.toRealPath());
    assertThat(bulk.sent.get()).isZero();

    // The same path on this host is another file there: same size, other bytes.
    Path other = Files.createDirectory(temp.resolve("other")).resolve("f");
    Files.write(other, new byte[1 << 20]);
    var elsewhere =
        new ContentManifest(manifest.id(), other.getParent().toString(), manifest.files());
    Path fetched = ready(fetch(elsewhere, server(bulk), bulk, store("b"))).resolve("f");
    assertThat(fetched).hasSameBinaryContentAs(file);
    assertThat(bulk.sent.get()).isEqualTo(4);
  }

  @Test
  void aFullDiskIsSaidBeforeAByteIsFetched() throws Exception {
    LossyBulk bulk = new LossyBulk(header -> false);
    ContentManifest manifest = hidden(offerFile(random("f", 1 << 20)));
    ContentStore full = new ContentStore(temp.resolve("a"), folder -> 1_000_000, false);
    assertThat(failed(fetch(manifest, server(bulk), bulk, full)))
        .contains("1048576 bytes of /nowhere must be fetched and 1000000 bytes are free")
        .contains("free 48576 more, or set akkord.content.cache-dir");
    assertThat(bulk.sent.get()).isZero();
  }

  @Test
  void aCacheThatCannotBeAFolderIsSaidWithWhatToDo() throws Exception {
    LossyBulk bulk = new LossyBulk(header -> false);
    Path file = Files.createFile(temp.resolve("a"));
    assertThat(
            failed(fetch(hidden(offerFile(random("f", 1 << 20))), server(bulk), bulk, store("a"))))
        .contains("looking for what is here: " + file)
        .contains("the cache " + file + " must be a folder with room that can be written")
        .contains("or set akkord.content.cache-dir to another one");
  }

  @Test
  void whatIsInUseIsNotRemovedAndTheRestGoesOldestFirst() throws Exception {
    LossyBulk bulk = new LossyBulk(header -> false);
    var server = server(bulk);
    List<Path> folders = new ArrayList<>();
    List<ActorRef<ContentFetcher.Command>> users = new ArrayList<>();
    for (String name : List.of("x", "y", "z")) {
      TestProbe<Report> parent = KIT.createTestProbe(Report.class);
      ContentManifest manifest = hidden(offerFile(random(name, 1 << 20)));
      users.add(fetcher(manifest, server, bulk, store("a"), parent));
      folders.add(ready(parent));
      Files.setLastModifiedTime(
          ContentStore.lockOf(folders.get(folders.size() - 1)),
          FileTime.from(Instant.now().minusSeconds(100 - folders.size())));
    }
    KIT.stop(users.get(1));
    KIT.stop(users.get(2));
    ContentStore.Pruned pruned = store("a").prune(5 << 19);
    assertThat(pruned).isEqualTo(new ContentStore.Pruned(1, 1 << 20, 2 << 20));
    assertThat(folders.get(0).resolve("x")).exists();
    assertThat(folders.get(1)).doesNotExist();
    assertThat(folders.get(2).resolve("z")).exists();
    assertThat(store("a").prune(0).contents()).isEqualTo(1);
    assertThat(folders.get(0).resolve("x")).as("in use").exists().hasSize(1 << 20);
  }

  private ContentSettings settings(Duration deadline, int sent, int attempts) {
    return new ContentSettings(temp, 1L << 40, false, CHUNK, sent, 4, deadline, attempts);
  }

  private ContentStore store(String node) {
    return new ContentStore(temp.resolve(node), folder -> Long.MAX_VALUE, false);
  }

  private Path random(String name, int size) throws IOException {
    byte[] bytes = new byte[size];
    new Random(name.hashCode()).nextBytes(bytes);
    Path folder = Files.createDirectories(temp.resolve("head"));
    return Files.write(folder.resolve(name), bytes);
  }

  private ContentManifest offerFile(Path file) {
    return offers.files(file.getParent(), List.of(file.getFileName().toString()));
  }

  /** As a node gets it that does not see the head's disk. */
  private static ContentManifest hidden(ContentManifest manifest) {
    return new ContentManifest(manifest.id(), "/nowhere", manifest.files());
  }

  private ActorRef<ContentServer.Command> server(LossyBulk bulk) {
    var server = KIT.spawn(ContentServer.create(bulk, offers, settings));
    started.add(server);
    return server;
  }

  private ActorRef<ContentFetcher.Command> fetcher(
      ContentManifest manifest,
      ActorRef<ContentServer.Command> server,
      LossyBulk bulk,
      ContentStore store,
      TestProbe<Report> parent) {
    var fetcher =
        KIT.spawn(ContentFetcher.create(manifest, server, bulk, store, settings, parent.getRef()));
    started.add(fetcher);
    return fetcher;
  }

  private TestProbe<Report> fetch(
      ContentManifest manifest,
      ActorRef<ContentServer.Command> server,
      LossyBulk bulk,
      ContentStore store) {
    TestProbe<Report> parent = KIT.createTestProbe(Report.class);
    fetcher(manifest, server, bulk, store, parent);
    return parent;
  }

  private static Path ready(TestProbe<Report> parent) {
    long done = 0;
    while (true) {
      Report report = parent.receiveMessage(LONG);
      if (report instanceof Progress p) {
        assertThat(p.done()).isBetween(done, p.all());
        done = p.done();
        continue;
      }
      if (report instanceof Missing) {
        continue;
      }
      assertThat(report).isInstanceOf(Ready.class);
      return Path.of(((Ready) report).folder());
    }
  }

  private static String failed(TestProbe<Report> parent) {
    Report report = parent.receiveMessage(LONG);
    while (report instanceof Progress || report instanceof Missing) {
      report = parent.receiveMessage(LONG);
    }
    assertThat(report).isInstanceOf(Failed.class);
    return ((Failed) report).reason();
  }
}
