package io.akkord.actors.simulation;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** Runs seeds; one that fails is run again with its transcript kept. */
final class Seeds {
  private static final Set<Trouble.Kind> ALL = EnumSet.allOf(Trouble.Kind.class);

  private Seeds() {}

  /** One seed, whose end must be that of the quiet run of its kind. */
  static Simulation.Result run(SimWorld world, long seed) {
    return run(world, seed, ALL);
  }

  /** The same with some kinds of trouble alone. */
  static Simulation.Result run(SimWorld world, long seed, Set<Trouble.Kind> troubles) {
    int kind = (int) Math.floorMod(seed, Scenario.KINDS);
    String expected = world.expected(kind);
    try {
      return checked(world, seed, expected, Faults.none(), troubles);
    } catch (RuntimeException | Error e) {
      world.loop.transcript.keep(true);
      String again = "it did not fail when it was repeated";
      try {
        checked(world, seed, expected, Faults.none(), troubles);
      } catch (RuntimeException | Error second) {
        again = String.valueOf(second);
      } finally {
        world.loop.transcript.keep(false);
      }
      throw new AssertionError(
          "%s%nseed %d: %s%nrepeated: %s%nreplay: mvn -B test -pl actors -am -Dtest=SimulationTest -Dsurefire.failIfNoSpecifiedTests=false -Dakkord.seed=%d -Dakkord.seeds=1"
              .formatted(world.loop.transcript.text(), seed, e, again, seed),
          e);
    }
  }

  /** What goes wrong with planted faults; null if nothing does. */
  static String failure(SimWorld world, long seed, Set<Faults> planted) {
    String expected = world.expected((int) Math.floorMod(seed, Scenario.KINDS));
    try {
      checked(world, seed, expected, planted, ALL);
      return null;
    } catch (RuntimeException e) {
      return "seed " + seed + ": " + e.getMessage();
    }
  }

  private static Simulation.Result checked(
      SimWorld world, long seed, String expected, Set<Faults> planted, Set<Trouble.Kind> troubles) {
    Simulation.Result result = new Simulation(world, seed, planted, troubles).run();
    Broken.unless(
        result.hash().equals(expected),
        "the final state is %s, a run without trouble has %s",
        result.hash(),
        expected);
    return result;
  }

  /** Runs seeds; returns how many attempts took over what workers had kept. */
  static long run(SimWorld world, long from, long count) {
    long events = 0;
    long attempts = 0;
    long takeOvers = 0;
    long faults = 0;
    long most = 0;
    long began = System.nanoTime();
    for (long seed = from; seed < from + count; seed++) {
      Simulation.Result result = run(world, seed);
      events += result.events();
      attempts += result.attempts();
      takeOvers += result.takeOvers();
      faults += result.faults();
      most = Math.max(most, result.took().toSeconds());
    }
    System.out.printf(
        Locale.ROOT,
        "%d seeds: %d events, %d troubles, %d attempts of which %d took over, longest %d simulated s, %.1f s%n",
        count,
        events,
        faults,
        attempts,
        takeOvers,
        most,
        (System.nanoTime() - began) / 1e9);
    return takeOvers;
  }
}
