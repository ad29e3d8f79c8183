package io.akkord.deploy.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LogCaptureTest {
  /** In a package of its own, so that what other threads log is told apart. */
  private static final Logger LOG = LoggerFactory.getLogger("io.akkord.test.SomeActor");

  private final List<String> taken = new CopyOnWriteArrayList<>();

  private void take(long at, String level, String actor, String text) {
    if (actor.equals("some-actor")) {
      taken.add(level + ": " + text);
    }
  }

  @Test
  void everyLineThatIsLoggedIsPassedOnWithItsTraceUntilItIsClosed() {
    try (LogCapture capture = LogCapture.to(this::take)) {
      assertThat(capture.isStarted()).isTrue();
      LOG.warn("the disk is {}", "slow");
      LOG.error("it has gone", new IllegalStateException("no disk"));
      LOG.debug("nobody wants to know");
    }
    LOG.warn("later");
    assertThat(taken).hasSize(2);
    assertThat(taken.get(0)).isEqualTo("warn: the disk is slow");
    assertThat(taken.get(1))
        .startsWith("error: it has gone")
        .contains("java.lang.IllegalStateException: no disk", "at io.akkord.deploy.cluster");
  }
}
