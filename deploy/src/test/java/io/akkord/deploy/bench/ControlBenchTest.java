package io.akkord.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The workers that compute nothing take part as the real ones do: the bench comes to its end. */
class ControlBenchTest {
  @Test
  @Timeout(value = 2, unit = TimeUnit.MINUTES)
  void idleWorkersGoThroughAllSteps() throws Exception {
    List<String> progress = new ArrayList<>();
    Figure figure = new ControlBench(1, 2, progress::add).measure(8, 4);
    assertThat(figure.value()).isPositive();
    assertThat(progress).singleElement().asString().contains("with 8 workers");
  }
}
