package io.akkord.actors.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DevicesTest {
  @Test
  void whatANodeOffersIsWhatItsEnginesComputeOn() {
    List<String> offered = List.of("cpu:0", "cpu:1", "cuda:0", "cuda:11");
    try (Devices devices = new Devices(offered, offered)) {
      assertThat(List.of(0, 1, 2, 3))
          .extracting(devices::engineDevice)
          .containsExactly("cpu", "cpu", "cuda:0", "cuda:11");
    }
    try (Devices devices = new Devices(List.of("worker-0"))) {
      assertThat(devices.engineDevice(0)).isEqualTo("cpu");
    }
  }
}
