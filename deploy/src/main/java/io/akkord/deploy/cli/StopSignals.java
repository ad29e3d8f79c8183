package io.akkord.deploy.cli;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * What a person or a batch system sends to a process that carries one run: the first Ctrl-C,
 * SIGTERM or SIGHUP saves and lets the process end by itself, with exit code 0; a Ctrl-C after that
 * ends it now.
 */
final class StopSignals implements AutoCloseable {
  /** A run that is not saved after so long is given up. */
  static final int SAVE_SECONDS = 300;

  /** What a shell reports of a process that Ctrl-C has ended. */
  private static final int ENDED_BY_INT = 130;

  private static final String INT = "INT";

  private final Runnable save;
  private final Consumer<String> say;
  private final IntConsumer halt;
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
   */
  StopSignals(Runnable save, Consumer<String> say, IntConsumer halt) {
    this.save = save;
    this.say = say;
    this.halt = halt;
  }

  /**
   * Listens until it is closed.
   *
   * @param save called once; must not wait
   */
  static StopSignals listen(Runnable save, Consumer<String> say) {
    StopSignals signals = new StopSignals(save, say, Runtime.getRuntime()::halt);
    for (String name : new String[] {INT, "TERM", "HUP"}) {
      Signal signal = new Signal(name);
      signals.before.put(signal, Signal.handle(signal, signals::on));
    }
    return signals;
  }

  synchronized void on(Signal signal) {
    if (!asked) {
      asked = true;
      say.accept(
          "SIG%s: the step in flight is finished and saved, %d s at most; Ctrl-C ends at once, without"
              .formatted(signal.getName(), SAVE_SECONDS));
      bound.schedule(this::giveUp, SAVE_SECONDS, TimeUnit.SECONDS);
      save.run();
    } else if (signal.getName().equals(INT)) {
      say.accept(
          "ended at once; go on from the newest checkpoint with the same command and --resume");
      halt.accept(ENDED_BY_INT);
    }
  }

  private void giveUp() {
    say.accept(
        "not saved after %d s; go on from the newest checkpoint with the same command and --resume"
            .formatted(SAVE_SECONDS));
    halt.accept(1);
  }

  @Override
  public void close() {
    before.forEach(Signal::handle);
    bound.shutdownNow();
  }
}
