package io.akkord.deploy.cli;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * What a person or a batch system sends to a process that has something to save: the first Ctrl-C,
 * SIGTERM or SIGHUP saves and lets the process end by itself, with exit code 0; a Ctrl-C after that
 * ends it now.
 */
final class StopSignals implements AutoCloseable {
  /** A run that is not saved after so long is given up. */
  static final Duration SAVE_WITHIN = Duration.ofSeconds(300);

  /** What a shell reports of a process that Ctrl-C has ended. */
  static final int ENDED_BY_INT = 130;

  private static final String INT = "INT";
  private static final String TERM = "TERM";

  /**
   * What is said.
   *
   * @param first what happens now
   * @param overdue what has not happened when the bound is over
   * @param goOn what to do after an end without it
   */
  record Words(String first, String overdue, String goOn) {
    /** A process that carries one run. */
    static final Words RUN =
        new Words(
            "the step in flight is finished and saved",
            "not saved",
            "go on from the newest checkpoint with the same command and --resume");

    /** A control node. */
    static final Words HEAD =
        new Words(
            "the job that runs here is saved, then this node leaves",
            "not saved",
            "its job goes on from the newest checkpoint when a head is started with the same state folder: akkord start --head");

    /** A node that computes. */
    static final Words NODE =
        new Words(
            "this node gives its share of runs to others and leaves",
            "has not left",
            "the others go on; it can be started again at any time");
  }

  private final Runnable save;
  private final Consumer<String> say;
  private final IntConsumer halt;
  private final Words words;
  private final Duration within;
  private final Map<Signal, SignalHandler> before = new HashMap<>();
  private final ScheduledExecutorService bound =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "akkord-save-bound");
            thread.setDaemon(true);
            return thread;
          });
  private boolean asked;

  /**
   * Listens to nothing yet.
   *
   * @param halt ends the process now, with an exit code
   * @param within who is not done after so long is ended
   */
  StopSignals(Runnable save, Consumer<String> say, IntConsumer halt, Words words, Duration within) {
    this.save = save;
    this.say = say;
    this.halt = halt;
    this.words = words;
    this.within = within;
  }

  /**
   * Listens until it is closed.
   *
   * @param save called once; must not wait
   */
  static StopSignals listen(Runnable save, Consumer<String> say) {
    return listen(save, say, Words.RUN, SAVE_WITHIN, true);
  }

  /**
   * Listens until it is closed.
   *
   * @param save called once; must not wait
   * @param terminal whether Ctrl-C and the end of a terminal mean this process, too
   */
  static StopSignals listen(
      Runnable save, Consumer<String> say, Words words, Duration within, boolean terminal) {
    StopSignals signals = new StopSignals(save, say, Runtime.getRuntime()::halt, words, within);
    for (String name : terminal ? List.of(INT, TERM, "HUP") : List.of(TERM)) {
      Signal signal = new Signal(name);
      signals.before.put(signal, Signal.handle(signal, signals::on));
    }
    return signals;
  }

  synchronized void on(Signal signal) {
    if (!asked) {
      asked = true;
      say.accept(
          "SIG%s: %s, %d s at most; Ctrl-C ends at once, without"
              .formatted(signal.getName(), words.first(), within.toSeconds()));
      bound.schedule(this::giveUp, within.toMillis(), TimeUnit.MILLISECONDS);
      save.run();
    } else if (signal.getName().equals(INT)) {
      say.accept("ended at once; " + words.goOn());
      halt.accept(ENDED_BY_INT);
    }
  }

  private void giveUp() {
    say.accept("%s after %d s; %s".formatted(words.overdue(), within.toSeconds(), words.goOn()));
    halt.accept(1);
  }

  @Override
  public void close() {
    before.forEach(Signal::handle);
    bound.shutdownNow();
  }
}
