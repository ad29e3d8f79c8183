package io.akkord.actors.simulation;

/** A process of the simulated cluster. It dies between two of its effects, whatever it is doing. */
final class SimProcess {
  final String name;
  boolean alive = true;

  /** Further effects until it dies; negative: it does not. */
  private long effectsLeft = -1;

  SimProcess(String name) {
    this.name = name;
  }

  void dieAfter(long effects) {
    effectsLeft = effects;
  }

  /** Counts an effect that others can see; returns whether it still happens. */
  boolean effect() {
    if (alive && effectsLeft >= 0 && effectsLeft-- == 0) {
      alive = false;
    }
    return alive;
  }

  @Override
  public String toString() {
    return name;
  }
}
