package io.akkord.actors.bulk.netty;

import static io.akkord.actors.bulk.netty.Blocks.SOON;
import static io.akkord.actors.bulk.netty.Blocks.await;
import static io.akkord.actors.bulk.netty.Blocks.header;
import static io.akkord.actors.bulk.netty.Blocks.random;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.netty.Blocks.Block;
import io.akkord.actors.bulk.netty.Blocks.Keeper;
import io.akkord.actors.bulk.netty.Bodies.Hello;
import io.akkord.actors.bulk.netty.Bodies.Open;
import io.akkord.actors.bulk.netty.Head.Type;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What comes from outside by hand: the connection is closed, honest ones go on. */
class HostileTest {
  private static final Settings LOCAL =
      Settings.local("secret").withDeadlines(Duration.ofMillis(500), Duration.ofSeconds(20));
  private static final String STRANGER = "abcdef012345|m|127.0.0.1:1|";
  private static final long WINDOW = 4 << 20;

  private static final Logger LANE =
      (Logger) LoggerFactory.getLogger(HostileTest.class.getPackageName());

  private static final String REFUSED =
      "refused a bulk connection with a stranger at /127\\.0\\.0\\.1:\\d+: ";

  private static final String LOST =
      "lost the process \\d+abcdef012345\\|.*, connected with /127\\.0\\.0\\.1:\\d+: ";

  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private NettyBulk honest;
  private NettyBulk bulk;
  private Keeper keeper;
  private LaneAddress lane;
  private CompletionStage<Void> honestBlock;
  private Block unreleased;

  @BeforeEach
  void honestPeersAreInTheMiddleOfSomething() throws Exception {
    log.start();
    LANE.addAppender(log);
    honest = NettyBulk.start(LOCAL);
    bulk = NettyBulk.start(LOCAL.withMemory(WINDOW, 1 << 30));
    keeper = new Keeper();
    lane = bulk.open(keeper);
    honestBlock = honest.send(lane, header(1), random(3 << 20, 1));
    unreleased = keeper.next();
  }

  @AfterEach
  void listenNoMore() {
    LANE.detachAppender(log);
  }

  /** A warning that names the address the stranger came from, and why it was refused. */
  private void assertTold(String line) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(List.copyOf(log.list))
                    .filteredOn(event -> event.getLevel() == Level.WARN)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .anySatisfy(told -> assertThat(told).matches(line)));
  }

  @AfterEach
  void theyGoOnAndNothingIsLeftBehind() throws Exception {
    unreleased.release().run();
    await(honestBlock);
    CompletionStage<Void> next = honest.send(lane, header(2), random(3 << 20, 2));
    Block block = keeper.next();
    assertThat(block.header()).isEqualTo(header(2));
    assertThat(block.bytes()).isEqualTo(random(3 << 20, 2));
    block.release().run();
    await(next);
    await().atMost(SOON).until(() -> bulk.counts().memoryBytes() == 0);
    honest.close();
    bulk.close();
  }

  @Test
  void garbageIsRefused() throws Exception {
    try (Socket socket = socket()) {
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n....".getBytes(UTF_8));
      assertThat(isClosed(socket)).isTrue();
    }
    await().atMost(SOON).until(() -> bulk.counts().refused() == 1);
    assertThat(bulk.counts().faults()).isEqualTo(1);
    assertTold(REFUSED + "not a frame of the bulk lane: .*");
  }

  @Test
  void aSilentStrangerIsCutOff() throws Exception {
    long start = System.nanoTime();
    try (Socket socket = socket()) {
      assertThat(isClosed(socket)).isTrue();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(400), Duration.ofSeconds(5));
    await().atMost(SOON).until(() -> bulk.counts().refused() == 1);
    assertTold(REFUSED + "no hello within PT0\\.5S");
  }

  @Test
  void theWrongTokenIsRefused() throws Exception {
    assertThat(isClosedAfter(hello(Bodies.VERSION, "secreT"))).isTrue();
    try (NettyBulk other = NettyBulk.start(Settings.local("other"))) {
      assertThatThrownBy(() -> await(other.send(lane, header(1), random(10, 1))))
          .hasMessageContaining("no connection");
    }
    await().atMost(SOON).until(() -> bulk.counts().refused() == 2);
    assertTold(REFUSED + "wrong cluster token");
    assertThat(log.list.toString()).as("a secret in a log").doesNotContain("secre");
  }

  @Test
  void anotherVersionIsRefused() throws Exception {
    assertThat(isClosedAfter(hello(Bodies.VERSION + 1, "secret"))).isTrue();
    assertTold(REFUSED + ".*version.*");
  }

  @Test
  void blocksBeforeTheHelloAreRefused() throws Exception {
    assertThat(isClosedAfter(open(lane.lane(), 10))).isTrue();
    assertTold(REFUSED + "OPEN before the hello");
  }

  @Test
  void aFrameThatIsTooLongIsRefused() throws Exception {
    try (Socket socket = admitted()) {
      send(socket, open(lane.lane(), Integer.MAX_VALUE / 4));
      ByteBuf head = Unpooled.buffer();
      new Head(Type.DATA, Head.CHUNK + 1, 1, 0, 0).write(head);
      send(socket, head);
      assertThat(isClosed(socket)).isTrue();
    }
    assertThat(isClosedAfterHello(frame(Type.OPEN, 1, 0, out -> out.writeZero(Head.SMALL + 1))))
        .isTrue();
    assertTold(LOST + "DATA of %d bytes.*".formatted(Head.CHUNK + 1));
  }

  @Test
  void aBlockThatIsTooLongIsRefused() throws Exception {
    assertThat(isClosedAfterHello(open(lane.lane(), Integer.MAX_VALUE + 1L))).isTrue();
    assertThat(isClosedAfterHello(open(lane.lane(), -1))).isTrue();
  }

  @Test
  void blocksOfAnUnknownTypeOrOfHalfANumberAreRefused() throws Exception {
    int dtypeAt = Long.BYTES + Long.BYTES;
    for (int code : new int[] {4, 127, 255}) {
      ByteBuf unknown =
          frame(
              Type.OPEN,
              1,
              0,
              out -> {
                new Open(lane.lane(), header(1), 8).write(out);
                out.setByte(dtypeAt, code);
              });
      assertThat(isClosedAfterHello(unknown)).as("code %d", code).isTrue();
    }
    Open half = new Open(lane.lane(), header(1, Dtype.FLOAT32), 10);
    assertThat(isClosedAfterHello(frame(Type.OPEN, 1, 0, half::write))).isTrue();
    assertThat(keeper.waiting()).isZero();
    assertThatThrownBy(() -> await(honest.send(lane, header(1, Dtype.FLOAT64), random(12, 1))))
        .hasMessageContaining("12 bytes are no numbers of FLOAT64");
  }

  @Test
  void unknownLanesAndTransfersAreRefused() throws Exception {
    assertThat(isClosedAfterHello(open(lane.lane() + 1, 10))).isTrue();
    assertThat(isClosedAfterHello(open(0, 10))).isTrue();
    assertThat(isClosedAfterHello(data(9, 0, 10))).isTrue();
    assertThat(isClosedAfterHello(open(lane.lane(), 10), data(1, 1, 9))).isTrue();
    assertThat(isClosedAfterHello(open(lane.lane(), 10), data(1, 0, 11))).isTrue();
    assertThat(isClosedAfterHello(frame(Type.RELEASED, 1, 0, out -> {}))).isTrue();
  }

  @Test
  void aFlippedBitIsFound() throws Exception {
    for (int bit : new int[] {3, 40, 70, 130, 200, 250, Head.BYTES * 8 + 1, 8_000}) {
      ByteBuf data = data(1, 0, 1000);
      data.setByte(bit / 8, data.getByte(bit / 8) ^ (1 << (bit % 8)));
      assertThat(isClosedAfterHello(open(lane.lane(), 1000), data)).as("bit %d", bit).isTrue();
    }
    assertThat(keeper.waiting()).isZero();
    assertTold(LOST + "wrong checksum of a frame's head");
    assertTold(LOST + "wrong checksum of DATA 1");
  }

  @Test
  void whoIgnoresTheWindowIsRefused() throws Exception {
    try (NettyBulk small = NettyBulk.start(LOCAL.withMemory(WINDOW, 1));
        Socket socket = socket(small)) {
      Keeper sitting = new Keeper();
      LaneAddress there = small.open(sitting);
      send(socket, hello(Bodies.VERSION, "secret"));
      send(socket, open(there.lane(), Head.CHUNK));
      send(socket, data(1, 0, Head.CHUNK));
      Block block = sitting.next();
      send(socket, frame(Type.OPEN, 2, 0, new Open(there.lane(), header(1), 5L << 20)::write));
      try {
        for (int i = 0; i < 5; i++) {
          send(socket, data(2, (long) i * Head.CHUNK, Head.CHUNK));
        }
      } catch (SocketException e) {
        assertThat(e).hasMessageMatching("(?i).*(reset|pipe).*");
      }
      assertThat(isClosed(socket)).isTrue();
      await().atMost(SOON).until(() -> small.counts().faults() == 1);
      block.release().run();
      assertThat(small.counts().memoryBytes()).isZero();
    }
  }

  @Test
  void aBlockCutInTheMiddleIsNeverSeen() throws Exception {
    try (Socket socket = admitted()) {
      send(socket, open(lane.lane(), 1000));
      send(socket, data(1, 0, 999));
    }
    await().atMost(SOON).until(() -> bulk.counts().memoryBytes() == 3 << 20);
    assertThat(keeper.waiting()).isZero();
  }

  @Test
  void aPeerThatFallsSilentIsLostAndOneThatIsIdleIsNot() throws Exception {
    Settings nervous = LOCAL.withDeadlines(Duration.ofSeconds(5), Duration.ofMillis(800));
    BlockingQueue<String> losses = new LinkedBlockingQueue<>();
    try (NettyBulk here = NettyBulk.start(nervous);
        NettyBulk idle = NettyBulk.start(nervous);
        Socket socket = socket(here)) {
      here.watch((endpoint, reason) -> losses.add(endpoint + " " + reason));
      idle.watch((endpoint, reason) -> losses.add(endpoint + " " + reason));
      await(idle.connect(here.open(keeper)));
      send(socket, hello(Bodies.VERSION, "secret"));
      send(socket, frame(Type.ALIVE, 0, 0, out -> {}));
      assertThat(isClosed(socket)).isTrue();
      assertThat(losses.poll(SOON.toSeconds(), TimeUnit.SECONDS))
          .contains(STRANGER, "silent for PT0.8S");
      Thread.sleep(1500);
      assertThat(losses).isEmpty();
    }
  }

  @Test
  void withTlsNobodyComesInWithoutACertificate(@TempDir Path directory) throws Exception {
    TestTls tls = TestTls.create(directory);
    Settings tcp = LOCAL.withUnixSockets(false);
    try (NettyBulk server = NettyBulk.start(tcp.withTls(tls.server(), tls.client()));
        NettyBulk without = NettyBulk.start(tcp);
        NettyBulk noCertificate =
            NettyBulk.start(tcp.withTls(tls.server(), TestTls.stranger(directory)))) {
      LaneAddress there = server.open(keeper);
      assertThatThrownBy(() -> await(without.connect(there))).hasMessageContaining("no connection");
      assertThatThrownBy(() -> await(noCertificate.connect(there)))
          .hasMessageContaining("no connection");
      await().atMost(SOON).until(() -> server.counts().refused() == 2);
      assertTold(REFUSED + "speaks without TLS, which is on here");
      assertTold(REFUSED + ".*certificate.*");
      assertThat(log.list.toString()).as("the token in hex").doesNotContain(hex("secret"));
    }
  }

  @Test
  void aCertificateOfAnotherAuthorityIsRefusedOnBothSidesAndTold(
      @TempDir Path directory, @TempDir Path elsewhere) throws Exception {
    TestTls tls = TestTls.create(directory);
    TestTls other = TestTls.create(elsewhere);
    Settings tcp = LOCAL.withUnixSockets(false);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(Incoming.class);
    log.start();
    logger.addAppender(log);
    try (NettyBulk server = NettyBulk.start(tcp.withTls(tls.server(), tls.client()));
        NettyBulk honestToo = NettyBulk.start(tcp.withTls(tls.server(), tls.client()));
        NettyBulk foreign = NettyBulk.start(tcp.withTls(other.server(), other.client()));
        NettyBulk forged =
            NettyBulk.start(tcp.withTls(tls.server(), TestTls.forged(directory, elsewhere)))) {
      LaneAddress there = server.open(keeper);
      assertThatThrownBy(() -> await(foreign.connect(there)))
          .hasMessageContaining("no connection")
          .hasMessageContaining("PKIX path");
      assertThatThrownBy(() -> await(forged.connect(there))).hasMessageContaining("no connection");
      assertThatThrownBy(() -> await(server.connect(foreign.open(keeper))))
          .hasMessageContaining("PKIX path");
      await().atMost(SOON).until(() -> server.counts().refused() == 2);
      assertThat(log.list.stream().map(ILoggingEvent::getFormattedMessage))
          .anyMatch(
              text -> text.matches("(?s)refused a bulk connection with a stranger at .*PKIX.*"))
          .anyMatch(text -> text.matches("(?s)refused .*stranger.*certificate_unknown.*"));
      await(honestToo.connect(there));
    } finally {
      logger.detachAppender(log);
    }
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(UTF_8));
  }

  private Socket socket() throws IOException {
    return socket(bulk);
  }

  private static Socket socket(NettyBulk to) throws IOException {
    Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), Endpoint.parse(to.endpoint()).port());
    socket.setSoTimeout((int) SOON.toMillis());
    return socket;
  }

  private static int strangers;

  private static ByteBuf hello(int version, String token) {
    String endpoint = (strangers++) + STRANGER;
    Hello hello = new Hello(version, token.getBytes(UTF_8), endpoint, WINDOW);
    return frame(Type.HELLO, 0, 0, hello::write);
  }

  private static ByteBuf open(long lane, long total) {
    return frame(Type.OPEN, 1, 0, new Open(lane, header(1), total)::write);
  }

  private static ByteBuf data(long transfer, long offset, int length) {
    return frame(Type.DATA, transfer, offset, out -> out.writeZero(length));
  }

  private static ByteBuf frame(Type type, long transfer, long offset, Consumer<ByteBuf> body) {
    ByteBuf bytes = Unpooled.directBuffer();
    body.accept(bytes);
    ByteBuf out = Unpooled.directBuffer();
    int length = bytes.readableBytes();
    new Head(type, length, transfer, offset, Head.crc(bytes, 0, length)).write(out);
    out.writeBytes(bytes);
    bytes.release();
    return out;
  }

  private Socket admitted() throws IOException {
    Socket socket = socket();
    send(socket, hello(Bodies.VERSION, "secret"));
    return socket;
  }

  private boolean isClosedAfterHello(ByteBuf... frames) throws IOException {
    try (Socket socket = admitted()) {
      for (ByteBuf frame : frames) {
        send(socket, frame);
      }
      return isClosed(socket);
    }
  }

  private boolean isClosedAfter(ByteBuf frame) throws IOException {
    try (Socket socket = socket()) {
      send(socket, frame);
      return isClosed(socket);
    }
  }

  private static void send(Socket socket, ByteBuf frame) throws IOException {
    byte[] bytes = new byte[frame.readableBytes()];
    frame.readBytes(bytes).release();
    socket.getOutputStream().write(bytes);
  }

  /** Reads to the end, which must come before the time-out. */
  private static boolean isClosed(Socket socket) throws IOException {
    try {
      while (socket.getInputStream().read() >= 0) {}
    } catch (SocketException e) {
      return e.getMessage().contains("reset");
    }
    return true;
  }
}
