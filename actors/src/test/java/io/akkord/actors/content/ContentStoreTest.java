package io.akkord.actors.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.ForkedJvm;
import io.akkord.actors.content.ContentManifest.Entry;
import io.akkord.model.UserError;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContentStoreTest {
  private static final String HASH = "0".repeat(64);
  private static final int CHUNK = 4096;

  @TempDir Path temp;

  @Test
  void anotherProcessIsWaitedForAndItsPartIsTakenOverWhenItIsKilled() throws Exception {
    byte[] bytes = new byte[3 * CHUNK];
    new Random(1).nextBytes(bytes);
    Path file = Files.write(Files.createDirectory(temp.resolve("head")).resolve("f"), bytes);
    Path directory = temp.resolve("cache");
    ContentStore store = store(directory);
    ContentManifest manifest = hidden(scan(file));
    try (ForkedJvm other =
            ForkedJvm.start(
                ContentProcess.class,
                directory.toString(),
                file.toString(),
                Integer.toString(CHUNK));
        ContentSession session = new ContentSession(store, manifest, CHUNK)) {
      assertThat(other.readLine()).isEqualTo("written");
      assertThat(session.survey()).isPresent();
      assertThat(session.begin(0)).isInstanceOf(ContentSession.Elsewhere.class);
      assertThatThrownBy(() -> store.prune(0))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("a fetch is under way, nothing was removed");
      other.kill();
      BitSet two = new BitSet();
      two.set(0, 2);
      assertThat(session.begin(0)).isEqualTo(new ContentSession.Fetch(two));
      session.write(0, 2, ByteBuffer.wrap(bytes, 2 * CHUNK, CHUNK));
      assertThat(session.finish(0)).isEmpty();
      assertThat(session.assemble().resolve("f")).hasSameBinaryContentAs(file);
    }
  }

  @Test
  void pruneSaysItIsBusyWhileAnotherProcessFetches() throws Exception {
    Path file = Files.write(temp.resolve("f"), new byte[3 * CHUNK]);
    Path directory = temp.resolve("cache");
    ContentStore store = store(directory);
    try (ForkedJvm other =
        ForkedJvm.start(
            ContentProcess.class, directory.toString(), file.toString(), Integer.toString(CHUNK))) {
      assertThat(other.readLine()).isEqualTo("written");
      assertThatThrownBy(() -> store.prune(0)).hasMessageContaining("a fetch is under way");
      other.kill();
      assertThat(store.prune(0).left()).as("what the killed one left is removed").isZero();
    }
  }

  @Test
  void aPartOfAnotherChunkSizeIsNotTrusted() throws Exception {
    ContentManifest manifest = hidden(scan(Files.write(temp.resolve("f"), new byte[3 * CHUNK])));
    ContentStore store = store(temp.resolve("cache"));
    try (ContentSession session = new ContentSession(store, manifest, CHUNK)) {
      session.survey();
      session.begin(0);
      session.write(0, 1, ByteBuffer.allocate(CHUNK));
    }
    try (ContentSession session = new ContentSession(store, manifest, 2 * CHUNK)) {
      session.survey();
      assertThat(session.begin(0)).isEqualTo(new ContentSession.Fetch(new BitSet()));
    }
  }

  @Test
  void anEmptyFileIsHereAtOnce() throws Exception {
    ContentManifest manifest = hidden(scan(Files.createFile(temp.resolve("f"))));
    try (ContentSession session =
        new ContentSession(store(temp.resolve("cache")), manifest, CHUNK)) {
      session.survey();
      assertThat(session.begin(0)).isEqualTo(new ContentSession.Fetch(new BitSet()));
      assertThat(new FetchWindow(0, CHUNK, new BitSet(), 4).complete()).isTrue();
      assertThat(session.finish(0)).isEmpty();
      assertThat(session.assemble().resolve("f")).isEmptyFile();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/etc/passwd", "..", "a/../b", "./a", "a//b", "a/", "..\\a", "a\0b"})
  void namesThatCouldLeadOutAreRefused(String name) {
    assertThatThrownBy(() -> ContentManifest.of("/m", List.of(new Entry(name, 1, HASH))))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("could lead out of the folder");
  }

  @Test
  void aManifestThatContradictsItselfIsRefused() {
    Entry a = new Entry("a", 1, HASH);
    assertRefused(List.of(a, a), "there twice");
    assertRefused(List.of(a, new Entry("a/b", 1, HASH)), "a file and a folder");
    assertRefused(List.of(new Entry("a", -1, HASH)), "size -1");
    assertRefused(List.of(new Entry("a", 1, "../x")), "64 hex digits");
    assertRefused(List.of(), "names 0 files");
    assertThatThrownBy(() -> new ContentManifest(HASH, "/m", List.of(a)).check())
        .hasMessageContaining("its id is not the hash of its entries");
  }

  private static void assertRefused(List<Entry> files, String why) {
    assertThatThrownBy(() -> ContentManifest.of("/m", files)).hasMessageContaining(why);
  }

  @Test
  void theIdIsThatOfTheFilesAndNotOfTheirPlace() {
    Entry a = new Entry("a", 1, HASH);
    Entry b = new Entry("b", 2, HASH);
    assertThat(ContentManifest.of("/x", List.of(b, a)).id())
        .isEqualTo(ContentManifest.of("/y", List.of(a, b)).id())
        .isNotEqualTo(ContentManifest.of("/x", List.of(a)).id());
  }

  @Test
  void aLinkOutOfTheFolderIsRefusedAndOneOfTheHuggingFaceCacheIsNot() throws Exception {
    Path repo = temp.resolve("models--a--b");
    Path blob = Files.createDirectories(repo.resolve("blobs")).resolve("abc");
    Files.writeString(blob, "{}");
    Path model = Files.createDirectories(repo.resolve("snapshots/rev1"));
    Files.createSymbolicLink(model.resolve("config.json"), Path.of("../../blobs/abc"));
    ContentManifest manifest = ContentScan.model(model, false, new ContentHashes(), n -> {});
    assertThat(manifest.files().get(0).size()).isEqualTo(2);
    Path secret = Files.writeString(temp.resolve("secret"), "key");
    Files.createSymbolicLink(model.resolve("tokenizer.json"), secret);
    assertThatThrownBy(() -> ContentScan.locate(model, "tokenizer.json"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("tokenizer.json leads out of its folder, to " + secret);
  }

  @Test
  void aHashIsRememberedUntilTheFileChanges() throws Exception {
    Path file = Files.write(temp.resolve("f"), new byte[100]);
    var old = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(file, old);
    ContentHashes hashes = new ContentHashes();
    AtomicLong progress = new AtomicLong();
    String first = hashes.of(file, progress::addAndGet);
    Files.write(file, new byte[] {1, 2});
    Files.write(file, new byte[100]);
    Files.setLastModifiedTime(file, old);
    assertThat(hashes.of(file, progress::addAndGet)).isEqualTo(first);
    assertThat(progress).hasValue(200);
    byte[] other = new byte[100];
    other[7] = 1;
    Files.write(file, other);
    assertThat(hashes.of(file, n -> {})).isNotEqualTo(first);
  }

  @Test
  void settingsHaveDefaultsAndAllBadOnesAreSaidAtOnce() {
    ContentSettings settings = ContentSettings.read(ConfigFactory.empty());
    assertThat(settings.cacheDir()).isAbsolute().endsWithRaw(Path.of(".cache/akkord/content"));
    assertThat(settings.cacheLimit()).isEqualTo(50L << 30);
    assertThat(settings.ignoreLocal()).isFalse();
    assertThat(settings.chunkBytes()).isEqualTo(4 << 20);
    assertThat(settings.chunksSent()).isEqualTo(8);
    assertThat(settings.deadline(1)).isEqualTo(Duration.ofSeconds(20));
    assertThat(settings.deadline(7)).isEqualTo(Duration.ofMinutes(1));
    assertThatThrownBy(
            () ->
                ContentSettings.read(
                    ConfigFactory.parseString(
                        "akkord.content { chunk = 1GiB, chunks-sent = 0, chunk-deadline = soon, cache-limit = much, ignore-local = maybe }")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("akkord.content.chunk: found 1GiB, allowed: 4KiB to 64MiB")
        .hasMessageContaining("akkord.content.cache-limit: found much, allowed: 0 to 1PiB")
        .hasMessageContaining("akkord.content.ignore-local: found maybe, allowed: on or off")
        .hasMessageContaining("akkord.content.chunks-sent: found 0, allowed: a whole number")
        .hasMessageContaining("akkord.content.chunk-deadline: found soon, allowed: a duration");
  }

  private static ContentStore store(Path directory) {
    return new ContentStore(directory, folder -> Long.MAX_VALUE, false);
  }

  private static ContentManifest scan(Path file) throws Exception {
    return ContentScan.named(
        file.getParent(), List.of(file.getFileName().toString()), new ContentHashes(), n -> {});
  }

  private static ContentManifest hidden(ContentManifest manifest) {
    return new ContentManifest(manifest.id(), "/nowhere", manifest.files());
  }
}
