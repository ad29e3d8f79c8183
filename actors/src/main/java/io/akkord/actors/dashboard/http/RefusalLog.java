package io.akkord.actors.dashboard.http;

import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Says who was refused, from where and why; not more often than a log can bear, whoever knocks how
 * often.
 */
final class RefusalLog {
  /** What a stranger does, or a program that was made for something else. */
  private static final Set<Integer> TOLD = Set.of(400, 401, 403, 408, 413, 421);

  private static final long WINDOW = TimeUnit.SECONDS.toNanos(10);
  private static final int MOST_IN_WINDOW = 5;
  private static final int MOST_LETTERS = 200;

  private final Consumer<String> log;
  private final LongSupplier nanos;
  private long opened;
  private int told;
  private long untold;

  /** Nothing was refused yet. */
  RefusalLog(Consumer<String> log, LongSupplier nanos) {
    this.log = log;
    this.nanos = nanos;
    this.opened = nanos.getAsLong();
  }

  synchronized void refused(String peer, Question question, Refused why) {
    if (!TOLD.contains(why.status())) {
      return;
    }
    long now = nanos.getAsLong();
    if (now - opened > WINDOW) {
      opened = now;
      told = 0;
    }
    if (told == MOST_IN_WINDOW) {
      untold++;
      return;
    }
    told++;
    String more =
        untold == 0 ? "" : " (%d more were refused since the last line)".formatted(untold);
    untold = 0;
    log.accept(
        "refused %s %s of %s with %d: %s%s"
            .formatted(
                safe(question.method()),
                safe("/" + String.join("/", question.path())),
                peer,
                why.status(),
                safe(why.getMessage()),
                more));
  }

  /** A stranger's text forges no line and fills no disk. */
  private static String safe(String text) {
    String clean = text.replaceAll("[^\\x20-\\x7e]", "?");
    return clean.length() <= MOST_LETTERS ? clean : clean.substring(0, MOST_LETTERS) + "...";
  }
}
