package io.akkord.actors.simulation;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** One actor system on one simulated clock; seed after seed runs in it, each from an empty disk. */
final class SimWorld implements AutoCloseable {
  private static final String CONFIG =
      """
      akka {
        use-slf4j = off
        loggers = []
        logger-startup-timeout = 120s
        loglevel = OFF
        stdout-loglevel = OFF
        log-dead-letters = off
        jvm-shutdown-hooks = off
        coordinated-shutdown.run-by-jvm-shutdown-hook = off
        scheduler.implementation = "io.akkord.actors.simulation.SimDispatcher$SimScheduler"
        actor {
          provider = local
          default-dispatcher = ${akkord.simulation.dispatcher}
          internal-dispatcher = ${akkord.simulation.dispatcher}
        }
        persistence {
          journal.plugin = akkord.simulation.journal
          snapshot-store.plugin = "akka.persistence.no-snapshot-store"
          dispatchers.default-plugin-dispatcher = ${akkord.simulation.dispatcher}
          dispatchers.default-replay-dispatcher = ${akkord.simulation.dispatcher}
        }
      }
      akkord.blocking-io = ${akkord.simulation.dispatcher}
      akkord.simulation {
        loop = NAME
        dispatcher { type = "io.akkord.actors.simulation.SimDispatcher$Configurator" }
        journal {
          class = "io.akkord.actors.simulation.SimJournal"
          loop = NAME
          plugin-dispatcher = "akka.actor.default-dispatcher"
          # One seed must not leave it open for the next.
          circuit-breaker { max-failures = 1000000000, call-timeout = 1h }
        }
      }
      """;

  /** Akka's own timers never end; so many events are enough to be down. */
  private static final int STEPS_TO_END = 10_000;

  final SimLoop loop = new SimLoop();
  long names;
  final Path folder;
  final ActorSystem<Void> system;
  private final Map<Integer, Scenario> scenarios = new HashMap<>();
  private final Map<Integer, String> expected = new HashMap<>();

  SimWorld() {
    try {
      Path memory = Path.of("/dev/shm");
      folder =
          Files.isWritable(memory)
              ? Files.createTempDirectory(memory, "akkord-simulation")
              : Files.createTempDirectory("akkord-simulation");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Config config =
        ConfigFactory.parseString(CONFIG.replace("NAME", loop.name))
            .withFallback(ConfigFactory.load())
            .resolve();
    boolean[] up = {false};
    Thread pump = new Thread(() -> pump(up), "akkord-simulation-start");
    pump.start();
    try {
      system = ActorSystem.create(Behaviors.empty(), "simulation", config);
    } finally {
      synchronized (up) {
        up[0] = true;
      }
      join(pump);
    }
  }

  /** While the actor system starts it waits for its own actors: somebody must run them. */
  private void pump(boolean[] up) {
    // In real time, or its deadlines would be over at once.
    long began = System.nanoTime();
    boolean busy = true;
    boolean starting = true;
    while (starting || busy) {
      busy = loop.step(System.nanoTime() - began);
      synchronized (up) {
        starting = !up[0];
      }
    }
    // A mailbox that is to run and never does would be dead for all seeds.
    long end = loop.now() + 1_000_000_000;
    while (loop.step(end)) {
      Thread.onSpinWait();
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  Path outputDir() {
    return folder.resolve("out");
  }

  Scenario scenario(int kind) {
    return scenarios.computeIfAbsent(kind, k -> Scenario.of(k, outputDir()));
  }

  /** What a run of that kind ends with when nothing happens to it: one worker, one slice. */
  String expected(int kind) {
    String known = expected.get(kind);
    if (known == null) {
      known = new Simulation(this, kind, Faults.none(), Set.of()).run().hash();
      expected.put(kind, known);
    }
    return known;
  }

  void emptyDisk() {
    delete(outputDir());
    try {
      Files.createDirectories(outputDir());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path path) {
    if (!Files.exists(path)) {
      return;
    }
    try (Stream<Path> all = Files.walk(path)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    system.terminate();
    for (int i = 0; i < STEPS_TO_END && loop.step(); i++) {
      Thread.onSpinWait();
    }
    delete(folder);
  }
}
