package io.akkord.actors.bulk.netty;

import static io.akkord.actors.bulk.netty.Blocks.SOON;
import static io.akkord.actors.bulk.netty.Blocks.await;
import static io.akkord.actors.bulk.netty.Blocks.header;
import static io.akkord.actors.bulk.netty.Blocks.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.netty.Blocks.Block;
import io.akkord.actors.bulk.netty.Blocks.Keeper;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NettyBulkTest {
  private static final int MIB = 1 << 20;
  private static final Settings LOCAL = Settings.local("secret");

  /** How bytes go between two processes. */
  enum Way {
    UNIX,
    TCP,
    TLS;

    Settings settings(Path directory) throws Exception {
      return switch (this) {
        case UNIX -> LOCAL;
        case TCP -> LOCAL.withUnixSockets(false);
        case TLS -> {
          TestTls tls = TestTls.create(directory);
          yield LOCAL.withUnixSockets(false).withTls(tls.server(), tls.client());
        }
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void blocksOfAllSizesArriveAsTheyWere(Way way, @TempDir Path directory) throws Exception {
    Settings settings = way.settings(directory);
    try (NettyBulk here = NettyBulk.start(settings);
        NettyBulk there = NettyBulk.start(settings)) {
      Keeper keeper = new Keeper();
      LaneAddress lane = there.open(keeper);
      int[] sizes = {0, 1, MIB - 1, MIB, MIB + 1, 37_000_001, 0, 37_000_001};
      for (int i = 0; i < sizes.length; i++) {
        ByteBuffer bytes = random(sizes[i] + 3, i).position(3);
        CompletionStage<Void> released = here.send(lane, header(i), bytes);
        Block block = keeper.next();
        assertThat(block.header()).isEqualTo(header(i));
        assertThat(block.bytes().isReadOnly()).isTrue();
        assertThat(block.bytes().isDirect()).isTrue();
        assertThat(block.bytes().order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
        assertThat(block.bytes()).isEqualTo(bytes);
        assertThat(released.toCompletableFuture()).isNotDone();
        block.release().run();
        block.release().run();
        await(released);
        assertThat(bytes.position()).isEqualTo(3);
      }
      await().atMost(SOON).until(() -> there.counts().memoryBytes() == 0);
      assertThat(there.counts().faults()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void manySendersInBothDirectionsAtOnce(Way way, @TempDir Path directory) throws Exception {
    Settings settings = way.settings(directory);
    try (NettyBulk a = NettyBulk.start(settings);
        NettyBulk b = NettyBulk.start(settings)) {
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int s = 0; s < 8; s++) {
        NettyBulk from = s % 2 == 0 ? a : b;
        NettyBulk to = s % 2 == 0 ? b : a;
        int sender = s;
        List<Long> order = new ArrayList<>();
        LaneAddress lane =
            to.open(
                (header, bytes, release) -> {
                  order.add(header.step());
                  assertThat(order.get(order.size() - 1)).isEqualTo(order.size() - 1L);
                  assertThat(bytes).isEqualTo(random(bytes.remaining(), header.step() + sender));
                  release.run();
                });
        all.add(
            CompletableFuture.supplyAsync(
                    () -> {
                      List<CompletableFuture<Void>> sent = new ArrayList<>();
                      for (int i = 0; i < 40; i++) {
                        ByteBuffer bytes = random(i * 17_001, i + sender);
                        sent.add(from.send(lane, header(i), bytes).toCompletableFuture());
                      }
                      return CompletableFuture.allOf(sent.toArray(new CompletableFuture<?>[0]));
                    })
                .thenCompose(done -> done)
                .thenRun(() -> assertThat(order).hasSize(40)));
      }
      for (CompletableFuture<Void> one : all) {
        await(one);
      }
      assertThat(a.counts().sentBytes()).isEqualTo(b.counts().receivedBytes());
    }
  }

  @Test
  void aReceiverThatSitsOnItsBlocksMakesTheSenderWait() throws Exception {
    long window = 2 * MIB;
    long unreleased = 4 * MIB;
    try (NettyBulk here = NettyBulk.start(LOCAL);
        NettyBulk there = NettyBulk.start(LOCAL.withMemory(window, unreleased))) {
      Keeper keeper = new Keeper();
      LaneAddress lane = there.open(keeper);
      ByteBuffer bytes = random(MIB, 1);
      List<CompletionStage<Void>> sent = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        sent.add(here.send(lane, header(i), bytes));
      }
      await().atMost(SOON).until(() -> keeper.waiting() * (long) MIB >= unreleased);
      Thread.sleep(300);
      assertThat(there.counts().memoryBytes()).isLessThanOrEqualTo(unreleased + window + 2 * MIB);
      assertThat(here.counts().sentBytes()).isLessThanOrEqualTo(unreleased + window + MIB);
      for (int i = 0; i < 64; i++) {
        Block block = keeper.next();
        assertThat(block.header().step()).isEqualTo(i);
        assertThat(block.bytes()).isEqualTo(bytes);
        block.release().run();
        await(sent.get(i));
      }
    }
  }

  @Test
  void insideTheProcessTheSendersOwnMemoryIsSeen() throws Exception {
    try (NettyBulk bulk = NettyBulk.start(LOCAL)) {
      Keeper keeper = new Keeper();
      LaneAddress lane = bulk.open(keeper);
      ByteBuffer bytes = random(1000, 1);
      CompletionStage<Void> released = bulk.send(lane, header(1), bytes);
      Block block = keeper.next();
      bytes.put(500, (byte) (bytes.get(500) + 1));
      assertThat(block.bytes()).isEqualTo(bytes);
      assertThat(released.toCompletableFuture()).isNotDone();
      block.release().run();
      await(released);
      assertThat(bulk.counts().sentBytes()).isZero();
      bulk.close(lane);
      assertThatThrownBy(() -> await(bulk.send(lane, header(2), bytes)))
          .hasRootCauseInstanceOf(IOException.class);
    }
  }

  @Test
  void aClosedLaneFailsTheStageAndOthersGoOn() throws Exception {
    try (NettyBulk here = NettyBulk.start(LOCAL);
        NettyBulk there = NettyBulk.start(LOCAL)) {
      Keeper keeper = new Keeper();
      LaneAddress closed = there.open(keeper);
      LaneAddress open = there.open(keeper);
      there.close(closed);
      ByteBuffer bytes = random(37 * MIB, 1);
      CompletionStage<Void> first = here.send(closed, header(7), bytes);
      CompletionStage<Void> second = here.send(open, header(8), bytes);
      assertThatThrownBy(() -> await(first))
          .isInstanceOf(ExecutionException.class)
          .hasRootCauseInstanceOf(IOException.class)
          .hasMessageContaining("GRADIENT of run run-ä, step 7, slice 1 from ")
          .hasMessageContaining("refused: lane 1 is closed");
      Block block = keeper.next();
      assertThat(block.header().step()).isEqualTo(8);
      assertThat(block.bytes()).isEqualTo(bytes);
      block.release().run();
      await(second);
    }
  }

  @Test
  void aFailingReceiverHarmsNobody() throws Exception {
    try (NettyBulk here = NettyBulk.start(LOCAL);
        NettyBulk there = NettyBulk.start(LOCAL)) {
      LaneAddress failing =
          there.open(
              (header, bytes, release) -> {
                throw new IllegalStateException("meant to fail");
              });
      assertThatThrownBy(() -> await(here.send(failing, header(1), random(5, 1))))
          .hasMessageContaining("refused: its receiver failed")
          .hasMessageContaining("meant to fail");
      Keeper keeper = new Keeper();
      CompletionStage<Void> next = here.send(there.open(keeper), header(2), random(5, 1));
      keeper.next().release().run();
      await(next);
    }
  }

  @Test
  void whoCannotBeReachedFailsTheStageWithinTheDeadline() throws Exception {
    Settings hasty = LOCAL.withDeadlines(Duration.ofMillis(300), Duration.ofSeconds(20));
    try (NettyBulk here = NettyBulk.start(hasty);
        ServerSocket silent = new ServerSocket(0, 1, null)) {
      String nobody = "0123456789ab|elsewhere|127.0.0.1:" + silent.getLocalPort() + "|";
      assertThatThrownBy(
              () -> await(here.send(new LaneAddress(nobody, 1), header(1), random(5, 1))))
          .hasMessageContaining("from " + here.endpoint().substring(0, 8))
          .hasMessageContaining("to lane 1 of 01234567@127.0.0.1:" + silent.getLocalPort())
          .hasMessageContaining("no hello within PT0.3S");
      silent.close();
      assertThatThrownBy(() -> await(here.connect(new LaneAddress(nobody, 1))))
          .hasMessageContaining("refused");
      assertThatThrownBy(() -> await(here.connect(new LaneAddress("jvm", 1))))
          .hasMessageContaining("not the endpoint of a bulk lane");
    }
  }

  @Test
  void anotherProcessBehindTheSameAddressIsNotTakenForTheOneMeant() throws Exception {
    try (NettyBulk here = NettyBulk.start(LOCAL);
        NettyBulk there = NettyBulk.start(LOCAL)) {
      String other = "0123456789ab" + there.endpoint().substring(there.endpoint().indexOf('|'));
      assertThatThrownBy(() -> await(here.connect(new LaneAddress(other, 1))))
          .hasMessageContaining("another process answers there");
      await(here.connect(there.open(new Keeper())));
      await(there.connect(here.open(new Keeper())));
    }
  }

  @Test
  void theSocketFileIsPrivateAndGoesAtTheEnd() throws Exception {
    Path file;
    try (NettyBulk bulk = NettyBulk.start(LOCAL)) {
      file = Path.of(Endpoint.parse(bulk.endpoint()).socket());
      assertThat(file).exists();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())))
          .isEqualTo("rwx------");
    }
    assertThat(file.getParent()).doesNotExist();
  }

  @Test
  void whereTheSocketFileIsGoneTcpIsUsed() throws Exception {
    try (NettyBulk here = NettyBulk.start(LOCAL);
        NettyBulk there = NettyBulk.start(LOCAL)) {
      Path file = Path.of(Endpoint.parse(there.endpoint()).socket());
      Files.delete(file);
      Files.createFile(file);
      await(here.connect(there.open(new Keeper())));
    }
  }
}
