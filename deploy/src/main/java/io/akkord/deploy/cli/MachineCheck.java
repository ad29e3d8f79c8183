package io.akkord.deploy.cli;

import com.sun.management.OperatingSystemMXBean;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.journal.DiskSync;
import io.akkord.actors.journal.Journal;
import io.akkord.config.Persistence;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import io.akkord.model.engine.DeviceThread;
import io.akkord.model.engine.NativeLibrary;
import io.akkord.model.engine.SelfTest;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** Whether this machine can run Akkord: Java, memory, native library, disk, journal. */
final class MachineCheck {
  private static final long GIB = 1L << 30;
  private static final int OLDEST_JAVA = 17;

  /** The demo needs less; a small real model with three checkpoints does not. */
  private static final long LITTLE_MEMORY = 2 * GIB;

  /** Three checkpoints of a model of 100 M parameters with its moments: 3 · 12 · 10⁸ bytes. */
  private static final long LITTLE_DISK = 4 * GIB;

  private static final long SELF_TEST_DEADLINE_SECONDS = 120;

  /** A step waits for the disk once; a slower one is felt. */
  private static final double SLOW_SYNC_MS = 50;

  private final Findings findings;

  MachineCheck(Findings findings) {
    this.findings = findings;
  }

  /** Runs every check, also behind one that failed. */
  void run(Path folder) {
    java();
    memory();
    settings();
    engine();
    disk(folder);
    journal(folder);
  }

  private void java() {
    Runtime.Version version = Runtime.version();
    String text =
        "Java %s (%s), %s %s"
            .formatted(
                version,
                System.getProperty("java.vendor"),
                System.getProperty("os.name"),
                System.getProperty("os.arch"));
    if (version.feature() < OLDEST_JAVA) {
      findings.fail("%s; install Java %d or newer", text, OLDEST_JAVA);
    } else {
      findings.ok("%s", text);
    }
    findings.ok("%d cores", Runtime.getRuntime().availableProcessors());
  }

  private void memory() {
    var os = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long total = os.getTotalMemorySize();
    String text =
        "memory: %s in all, heap at most %s (weights and activations are outside the heap)"
            .formatted(gib(total), gib(Runtime.getRuntime().maxMemory()));
    if (total < LITTLE_MEMORY) {
      findings.warn("%s; models beyond a few million parameters will not fit", text);
    } else {
      findings.ok("%s", text);
    }
  }

  private void settings() {
    try {
      Settings.read(ConfigFactory.load());
      findings.ok("settings of this node are valid");
    } catch (UserError e) {
      findings.fail(e.getMessage());
    }
  }

  private void engine() {
    long start = System.nanoTime();
    try (DeviceThread device = DeviceThread.start("doctor", 1)) {
      device
          .submit(
              () -> {
                SelfTest.run("cpu", 1);
                return null;
              })
          .toCompletableFuture()
          .get(SELF_TEST_DEADLINE_SECONDS, TimeUnit.SECONDS);
      findings.ok(
          "engine: self-test passed in %.1f s, libtorch %s, %s",
          (System.nanoTime() - start) / 1e9,
          NativeLibrary.version(),
          NativeLibrary.instructionSet());
    } catch (ExecutionException e) {
      String reason =
          e.getCause() instanceof UserError user ? user.getMessage() : e.getCause().toString();
      findings.fail("engine: %s", reason);
    } catch (TimeoutException e) {
      findings.fail(
          "engine: the self-test did not end within %d s; the native library hangs, see that no other copy of libtorch is in PYTORCH_LIBRARY_PATH",
          SELF_TEST_DEADLINE_SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      findings.fail("engine: interrupted");
    }
  }

  private void disk(Path folder) {
    try {
      long free = Files.getFileStore(folder).getUsableSpace();
      String text = "disk: %s free in %s".formatted(gib(free), folder.toRealPath());
      if (free < LITTLE_DISK) {
        findings.warn("%s; checkpoints take 12 bytes a parameter each", text);
      } else {
        findings.ok("%s", text);
      }
    } catch (IOException e) {
      findings.fail("disk: %s cannot be read (%s); name an existing folder with --dir", folder, e);
    }
  }

  private void journal(Path folder) {
    Path trial = null;
    try {
      trial = Files.createTempDirectory(folder, ".akkord-doctor-");
      try (Journal journal = Journal.open(trial)) {
        double ms = syncMs(journal.diskSync(Runnable::run));
        Persistence settings = Persistence.read(ConfigFactory.load());
        String text =
            settings.shared()
                ? "journal: %s answers in %.1f ms".formatted(settings.url(), ms)
                : "journal: written and forced to disk in %.1f ms".formatted(ms);
        if (ms > SLOW_SYNC_MS) {
          findings.warn("%s; every step waits for it, so choose a faster disk", text);
        } else {
          findings.ok("%s", text);
        }
      }
    } catch (IOException e) {
      findings.fail("journal: %s cannot be written (%s); choose another folder", folder, e);
    } catch (UserError e) {
      findings.fail("journal: %s", e.getMessage());
    } catch (ExecutionException e) {
      findings.fail("journal: cannot be forced to disk (%s)", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      findings.fail("journal: interrupted");
    } finally {
      remove(trial);
    }
  }

  private static double syncMs(DiskSync sync) throws ExecutionException, InterruptedException {
    long start = System.nanoTime();
    sync.sync().toCompletableFuture().get();
    return (System.nanoTime() - start) / 1e6;
  }

  private void remove(Path trial) {
    if (trial == null) {
      return;
    }
    try (Stream<Path> entries = Files.walk(trial)) {
      List<Path> deepestFirst = entries.sorted(Comparator.reverseOrder()).toList();
      for (Path entry : deepestFirst) {
        Files.delete(entry);
      }
    } catch (IOException e) {
      findings.warn("%s could not be removed (%s)", trial, e);
    }
  }

  private static String gib(long bytes) {
    return String.format(java.util.Locale.ROOT, "%.1f GiB", bytes / (double) GIB);
  }
}
