package io.akkord.model.engine;

import ai.djl.engine.Engine;
import io.akkord.model.UserError;
import java.util.Optional;

/** Whether CUDA devices can be used here, and if not, what is missing. */
public final class CudaDevice {
  private static final String PREFIX = "cuda:";

  private CudaDevice() {}

  /** Whether a text names one: {@code cuda:N}. */
  public static boolean named(String text) {
    return text.matches(PREFIX + "\\d{1,3}");
  }

  /** How many libtorch sees; 0 where it is one for CPUs only. */
  public static int count() {
    NativeLibrary.load();
    Engine engine = Engine.getEngine("PyTorch");
    return engine.hasCapability("CUDA") ? engine.getGpuCount() : 0;
  }

  /**
   * Returns the number of a device that can be used.
   *
   * @param name {@code cuda:N}
   * @throws UserError saying what was found and what is needed
   */
  public static int require(String name) {
    NativeLibrary.load();
    Engine engine = Engine.getEngine("PyTorch");
    int index = Integer.parseInt(name.substring(PREFIX.length()));
    problem(index, engine.getVersion(), engine.hasCapability("CUDA"), engine.getGpuCount())
        .ifPresent(
            problem -> {
              throw new UserError(problem);
            });
    return index;
  }

  /**
   * What is missing.
   *
   * @param built whether libtorch was built for CUDA
   * @param found devices that the driver shows
   */
  static Optional<String> problem(int index, String version, boolean built, int found) {
    if (!built) {
      return Optional.of(
          "%s%d needs libtorch for CUDA; found: libtorch %s for CPUs only, %s. Set PYTORCH_LIBRARY_PATH to the folder torch/lib of a pip wheel of torch %s for CUDA 12.8 and PYTORCH_FLAVOR=cu128, or put ai.djl.pytorch:pytorch-native-cu128:%s in the place of pytorch-native-cpu on the class path; or use cpu"
              .formatted(
                  PREFIX,
                  index,
                  version,
                  found == 0 ? "and no CUDA device" : "and CUDA devices: " + found,
                  version,
                  version));
    }
    if (index >= found) {
      return Optional.of(
          "%s%d is not there; found: libtorch %s for CUDA, which sees %s. See that nvidia-smi shows the device and that CUDA_VISIBLE_DEVICES does not hide it; or use %s"
              .formatted(
                  PREFIX,
                  index,
                  version,
                  found == 0 ? "no device" : "cuda:0 to cuda:" + (found - 1),
                  found == 0 ? "cpu" : "one of those"));
    }
    return Optional.empty();
  }
}
