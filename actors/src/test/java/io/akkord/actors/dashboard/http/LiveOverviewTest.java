package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.ActorSystem;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a listener gets, however fast the run is and however slow the listener. */
class LiveOverviewTest {
  private static final Duration TICK = Duration.ofMillis(4);
  private static ActorSystem system;

  private final AtomicLong version = new AtomicLong();
  private final AtomicInteger made = new AtomicInteger();
  private final LiveOverview overviews =
      new LiveOverview(
          TICK,
          run -> {
            made.incrementAndGet();
            return new LiveOverview.Shot(version.get(), run + version.get());
          },
          System::nanoTime);

  @BeforeAll
  static void start() {
    system = ActorSystem.create("live", ConfigFactory.parseString("akka.actor.provider = local"));
  }

  @AfterAll
  static void stop() {
    system.terminate();
  }

  private SinkQueueWithCancel<ByteString> listen() {
    return overviews
        .listen("run-")
        .runWith(
            Sink.<ByteString>queue().withAttributes(akka.stream.Attributes.inputBuffer(1, 1)),
            system);
  }

  private static String next(SinkQueueWithCancel<ByteString> from) throws Exception {
    return from.pull().toCompletableFuture().get(10, TimeUnit.SECONDS).orElseThrow().utf8String();
  }

  @Test
  void aListenerThatDoesNotReadIsSentNothingAndGetsTheLatestWhenItDoes() throws Exception {
    SinkQueueWithCancel<ByteString> slow = listen();
    assertThat(next(slow)).isEqualTo("event: overview\ndata: run-0\n\n");
    // One more goes into the sink's own buffer of one.
    version.set(1);
    Thread.sleep(100);
    final int before = made.get();
    for (int i = 2; i <= 1_000; i++) {
      version.set(i);
      Thread.sleep(0, 200_000);
    }
    assertThat(made.get() - before)
        .as("overviews made in a second for somebody who reads none")
        .isLessThanOrEqualTo(1);
    assertThat(next(slow)).contains("run-1\n");
    String latest = next(slow);
    assertThat(latest).as("what was in between is not kept").contains("run-1000\n");
    slow.cancel();
  }

  @Test
  void manyListenersShareOneOverview() throws Exception {
    long start = System.nanoTime();
    var listeners = java.util.stream.Stream.generate(this::listen).limit(20).toList();
    for (int round = 0; round < 20; round++) {
      version.incrementAndGet();
      for (SinkQueueWithCancel<ByteString> listener : listeners) {
        assertThat(next(listener)).contains("data: run-");
      }
    }
    long halfTicks = (System.nanoTime() - start) / (TICK.toNanos() / 2) + 2;
    assertThat((long) made.get()).isLessThanOrEqualTo(halfTicks);
    listeners.forEach(SinkQueueWithCancel::cancel);
  }

  @Test
  void withoutNewsAListenerHearsNowAndThenThatTheStreamLives() throws Exception {
    SinkQueueWithCancel<ByteString> listener = listen();
    assertThat(next(listener)).contains("run-0");
    assertThat(next(listener)).isEqualTo(": still here\n\n");
    listener.cancel();
  }
}
