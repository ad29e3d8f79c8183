package io.akkord.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.model.TestModels;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.objective.LossType;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CanaryTest {
  @Test
  void dependsOnTheShapeAndOnNothingThatWasThereBefore() throws Exception {
    String four = hash(4, 1, 0f);
    assertThat(four).hasSize(64).isEqualTo(hash(4, 1, 3f));
    assertThat(hash(2, 1, 0f)).isNotEqualTo(four);
  }

  private static String hash(int rows, int threads, float before) throws Exception {
    ModelConfig config = ModelConfig.read(TestModels.stories260K());
    try (DeviceThread device = DeviceThread.start("canary", threads)) {
      return device
          .submit(
              () -> {
                EngineOptions options =
                    new EngineOptions("cpu", "float32", threads, LossType.DFT, 256);
                try (Engine engine = Engine.open(config, options)) {
                  engine.parameters().window(0, 1).putFloat(before);
                  return Canary.hash(engine, config.vocabSize(), rows);
                }
              })
          .toCompletableFuture()
          .get(60, TimeUnit.SECONDS);
    }
  }
}
