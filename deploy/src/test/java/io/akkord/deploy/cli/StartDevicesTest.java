package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.akkord.model.engine.CudaDevice;
import org.junit.jupiter.api.Test;

class StartDevicesTest {
  private static Cli start(String devices) {
    return Cli.run("start", "--address", "127.0.0.1:1", "--devices", devices);
  }

  @Test
  void aDeviceThatCannotBeUsedEndsTheCommandWithWhatWasFoundAndWhatToDo() {
    assumeTrue(CudaDevice.count() == 0, "there is a CUDA device here");
    Cli cuda = start("cpu:0,cuda:0");
    assertThat(cuda.exitCode()).isEqualTo(2);
    assertThat(cuda.err()).contains("cuda:0", "found: libtorch", "CUDA").doesNotContain("at io.");
  }

  @Test
  void aDeviceOfNoKnownKindIsRefusedWithTheKindsThereAre() {
    Cli other = start("tpu:0");
    assertThat(other.exitCode()).isEqualTo(2);
    assertThat(other.err()).contains("'tpu:0'", "cpu:0, cpu:1, …", "cuda:0, cuda:1, …");
  }
}
