package io.akkord.model.engine;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import io.akkord.model.UserError;
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
