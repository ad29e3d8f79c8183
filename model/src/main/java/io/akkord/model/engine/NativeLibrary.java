package io.akkord.model.engine;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import io.akkord.model.UserError;
import java.util.List;
import java.util.Locale;

/** Loads libtorch once, or says clearly why it cannot. */
public final class NativeLibrary {
  private static boolean loaded;

  private NativeLibrary() {}

  /**
   * Loads the native library of DJL's PyTorch engine.
   *
   * @throws UserError if there is none for this platform
   */
  public static synchronized void load() {
    if (loaded) {
      return;
    }
    setIfAbsent("OPT_OUT_TRACKING", "true");
    setIfAbsent("ai.djl.offline", "true");
    try {
      Engine.getEngine("PyTorch");
      loaded = true;
    } catch (EngineException | UnsatisfiedLinkError | IllegalStateException e) {
      throw new UserError(
          ("no native PyTorch library for %s on %s could be loaded: %s. Tested is linux-x86_64; macOS on aarch64 and linux on "
                  + "aarch64 resolve by Maven profile; others are not supported.")
              .formatted(System.getProperty("os.name"), architecture(), rootMessage(e)),
          e);
    }
  }

  /** The version of the engine, for manifests. */
  public static String version() {
    load();
    return Engine.getEngine("PyTorch").getVersion();
  }

  /**
   * What the processor offers that libtorch chooses its kernels by; part of what bits depend on.
   */
  public static String instructionSet() {
    try {
      String flags =
          java.nio.file.Files.readString(java.nio.file.Path.of("/proc/cpuinfo"))
              .lines()
              .filter(line -> line.startsWith("flags"))
              .findFirst()
              .orElse("");
      List<String> known = List.of("amx_bf16", "avx512_bf16", "avx512f", "avx2");
      List<String> found =
          known.stream().filter(flag -> (flags + " ").contains(" " + flag + " ")).toList();
      return architecture() + (found.isEmpty() ? "" : " " + String.join(" ", found));
    } catch (java.io.IOException e) {
      return architecture();
    }
  }

  private static void setIfAbsent(String key, String value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, value);
    }
  }

  private static String architecture() {
    return System.getProperty("os.arch").toLowerCase(Locale.ROOT);
  }

  private static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage());
  }
}
