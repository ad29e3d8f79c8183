package io.akkord.actors.run;

/** Told what happens in a run, from one thread; must not block for long. */
@FunctionalInterface
public interface RunListener {
  /** Something happened. */
  void on(RunEvent event);
}
