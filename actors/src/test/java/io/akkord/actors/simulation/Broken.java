package io.akkord.actors.simulation;

/** A promise was broken. */
final class Broken extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** An actor's supervisor swallows what is thrown in it; the loop does not. */
  private static final ThreadLocal<Broken> LAST = new ThreadLocal<>();

  Broken(String message) {
    super(message);
    LAST.set(this);
  }

  static void forget() {
    LAST.remove();
  }

  /** Throws what was broken since, whoever caught it. */
  static void throwLast() {
    Broken last = LAST.get();
    if (last != null) {
      LAST.remove();
      throw last;
    }
  }

  static void unless(boolean holds, String message, Object... arguments) {
    if (!holds) {
      throw new Broken(message.formatted(arguments));
    }
  }
}
