package io.akkord.model.engine;

import io.akkord.model.UserError;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.layout.ParameterLayout.Parameter;
import io.akkord.model.objective.LossType;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A tiny model computed at start-up and compared with known numbers: a libtorch that does not fit
 * the binding loads, reports the right version and gives wrong tensors, so only a computation
 * tells.
 */
public final class SelfTest {
  /** c of the two samples and the norm of their DFT gradient, computed in float64. */
  private static final double[] EXPECTED = {
    2.9165525888267716, 2.884438045029437, 0.12854517992484452
  };

  private static final double TOLERANCE = 1e-5;

  private SelfTest() {}

  /**
   * Runs on the calling thread, which must be a device thread.
   *
   * @throws UserError if a number is off or two equal calls differ
   */
  public static void run(String device, int threads) {
    double[] first = compute(device, threads, "float32");
    double[] second = compute(device, threads, "float32");
    if (!Arrays.equals(first, second)) {
      throw new UserError(
          "the engine's self-test gave two results for one computation: %s and %s; the native library is not the one this build was made for"
              .formatted(Arrays.toString(first), Arrays.toString(second)));
    }
    for (int i = 0; i < EXPECTED.length; i++) {
      if (!(Math.abs(first[i] - EXPECTED[i]) < TOLERANCE)) {
        throw new UserError(
            "the engine's self-test computed %s, expected %s: the native PyTorch library (%s) does not fit this build; remove PYTORCH_LIBRARY_PATH or the cached library and start again"
                .formatted(
                    Arrays.toString(first), Arrays.toString(EXPECTED), NativeLibrary.version()));
      }
    }
  }

  /** Two scores and a gradient norm of a fixed model. */
  static double[] compute(String device, int threads, String dtype) {
    EngineOptions options = new EngineOptions(device, dtype, threads, LossType.DFT, 8);
    try (Engine engine = Engine.open(config(), options);
        FlatBuffer gradient = engine.newGradient()) {
      fill(engine);
      HeldForward held = engine.forward(batch());
      List<SampleScore> scores = held.scores().samples();
      engine.backward(held, new double[] {0.5, 0.25}, gradient, true);
      return new double[] {scores.get(0).nll(), scores.get(1).nll(), norm(engine, gradient)};
    }
  }

  private static ModelConfig config() {
    return new ModelConfig(
        ModelConfig.Architecture.LLAMA,
        11,
        8,
        12,
        2,
        2,
        1,
        4,
        1e-5,
        true,
        false,
        false,
        new ModelConfig.Rope(10_000, Optional.empty()),
        8,
        OptionalInt.empty(),
        List.of(2),
        OptionalInt.empty());
  }

  private static MicroBatch batch() {
    return MicroBatch.of(
        List.of(
            new TokenizedSample(0, new int[] {1, 5, 9}, new int[] {3, 8, 2}),
            new TokenizedSample(1, new int[] {4}, new int[] {10, 2})),
        0);
  }

  private static void fill(Engine engine) {
    for (Parameter p : engine.layout().parameters()) {
      ByteBuffer window = engine.parameters().window(p.offset(), (int) p.elements());
      for (int i = 0; i < p.elements(); i++) {
        double value = (p.decay() ? 0.5 : 0.1) * Math.sin(p.offset() + i + 1) + (p.decay() ? 0 : 1);
        put(window, engine.parameters().elementBytes(), i, value);
      }
      engine.parameters().written(p.offset(), (int) p.elements());
    }
  }

  private static void put(ByteBuffer window, int elementBytes, int index, double value) {
    if (elementBytes == 8) {
      window.putDouble(index * 8, value);
    } else {
      window.putFloat(index * 4, (float) value);
    }
  }

  private static double norm(Engine engine, FlatBuffer gradient) {
    double squares = 0;
    for (Parameter p : engine.layout().parameters()) {
      ByteBuffer window = gradient.window(p.offset(), (int) p.elements());
      for (int i = 0; i < p.elements(); i++) {
        double g = gradient.elementBytes() == 8 ? window.getDouble(i * 8) : window.getFloat(i * 4);
        squares += g * g;
      }
    }
    return Math.sqrt(squares);
  }
}
