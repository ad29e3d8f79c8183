package io.akkord.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import io.akkord.model.UserError;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CudaDeviceTest {
  @Test
  void whatIsMissingIsSaidWithWhatWasFoundAndWhatToDo() {
    assertThat(CudaDevice.problem(0, "2.7.1", false, 0))
        .hasValueSatisfying(
            text ->
                assertThat(text)
                    .startsWith(
                        "cuda:0 needs libtorch for CUDA; found: libtorch 2.7.1 for CPUs only")
                    .contains("no CUDA device", "PYTORCH_LIBRARY_PATH", "PYTORCH_FLAVOR=cu128")
                    .contains("pytorch-native-cu128:2.7.1"));
    assertThat(CudaDevice.problem(2, "2.7.1", true, 2))
        .hasValueSatisfying(text -> assertThat(text).contains("sees cuda:0 to cuda:1"));
    assertThat(CudaDevice.problem(0, "2.7.1", true, 0))
        .hasValueSatisfying(text -> assertThat(text).contains("sees no device", "nvidia-smi"));
    assertThat(CudaDevice.problem(1, "2.7.1", true, 2)).isEmpty();
  }

  @Test
  void namesAreToldFromOthers() {
    assertThat(CudaDevice.named("cuda:0")).isTrue();
    assertThat(CudaDevice.named("cuda")).isFalse();
    assertThat(CudaDevice.named("cpu:0")).isFalse();
  }

  @Test
  void aStepOnTheFirstDeviceGivesTheKnownNumbers() throws Exception {
    int found = CudaDevice.count();
    if (found == 0) {
      assertThatThrownBy(() -> CudaDevice.require("cuda:0"))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("cuda:0");
      String why =
          "no CUDA device: " + CudaDevice.problem(0, NativeLibrary.version(), false, 0).get();
      System.out.println("SKIPPED CudaDeviceTest, a step on cuda:0: " + why);
      abort(why);
    }
    try (DeviceThread device = DeviceThread.start("cuda:0", 1)) {
      device
          .submit(
              () -> {
                SelfTest.run("cuda:0", 1);
                return null;
              })
          .toCompletableFuture()
          .get(120, TimeUnit.SECONDS);
    }
  }
}
