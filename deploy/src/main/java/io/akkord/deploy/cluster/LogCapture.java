package io.akkord.deploy.cluster;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.akkord.actors.node.NodeLine;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/** Passes on every line of this process's log, until it is closed. */
public final class LogCapture extends UnsynchronizedAppenderBase<ILoggingEvent>
    implements AutoCloseable {
  /** Takes a line. */
  @FunctionalInterface
  public interface Taker {
    /** One line; {@code at} in milliseconds since 1970. */
    void take(long at, String level, String actor, String text);
  }

  private final Taker taker;

  private LogCapture(Taker taker) {
    this.taker = taker;
  }

  /** Begins. */
  public static LogCapture to(Taker taker) {
    LogCapture capture = new LogCapture(taker);
    capture.setName("capture");
    capture.start();
    root().addAppender(capture);
    return capture;
  }

  private static Logger root() {
    return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  @Override
  protected void append(ILoggingEvent event) {
    String text = event.getFormattedMessage();
    if (event.getThrowableProxy() != null) {
      text += System.lineSeparator() + ThrowableProxyUtil.asString(event.getThrowableProxy());
    }
    taker.take(
        event.getTimeStamp(),
        event.getLevel().toString().toLowerCase(Locale.ROOT).replace("trace", "debug"),
        NodeLine.actor(event.getLoggerName()),
        text);
  }

  @Override
  public void close() {
    root().detachAppender(this);
    stop();
  }
}
