package io.akkord.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.objective.LossType;
import io.akkord.model.optim.AdamW;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** bfloat16 between workers and slices, against the rounding of IEEE 754 done on integers. */
class WireDtypeTest {
  private static final int SHARDS = 4;
  private Model model;
  private Slice slice;
  private int elements;
  private float[][] leaves;

  @BeforeEach
  void gradientsThatDoNotFit() {
    model = OnDeviceThread.run(() -> Model.open("llama_gqa_untied", "float32", LossType.DFT));
    slice = model.engine.layout().slices(1).get(0);
    elements = (int) slice.elements();
    SplittableRandom random = new SplittableRandom(7);
    leaves = new float[SHARDS][elements];
    for (float[] leaf : leaves) {
      for (int i = 0; i < elements; i++) {
        leaf[i] = (float) ((random.nextDouble() - 0.5) * Math.pow(2, random.nextInt(-20, 20)));
      }
    }
    // Halfway between two neighbours: to the even one.
    leaves[0][0] = Float.intBitsToFloat(0x3F808000);
    leaves[0][1] = Float.intBitsToFloat(0x3F818000);
  }

  @AfterEach
  void close() {
    OnDeviceThread.run(
        () -> {
          model.close();
          return null;
        });
  }

  @Test
  void everyNodeOfTheTreeIsRoundedWhoeverAddsIt() {
    float[] left = sum(round(leaves[0]), round(leaves[1]));
    float[] right = sum(round(leaves[2]), round(leaves[3]));
    double[] expected = squares(sum(left, right));

    Map<Node, float[]> apart = new HashMap<>();
    for (int i = 0; i < SHARDS; i++) {
      apart.put(new Node(i, i + 1), round(leaves[i]));
    }
    double[] whole = squaresOf(Map.of(new Node(0, 4), sum(left, right)));
    assertThat(whole).hasSameSizeAs(expected);
    for (int block = 0; block < whole.length; block++) {
      assertThat(whole[block]).isCloseTo(expected[block], withinPercentage(1e-9));
    }
    assertThat(squaresOf(apart)).isEqualTo(whole);
    assertThat(squaresOf(Map.of(new Node(0, 2), left, new Node(2, 4), right))).isEqualTo(whole);
  }

  @Test
  void theEngineRoundsAsIntegersDoAndBringsTheSameBytesToTheWire() {
    OnDeviceThread.run(
        () -> {
          try (FlatBuffer gradient = model.engine.newGradient();
              FlatBuffer wire = model.engine.newWireGradient()) {
            gradient.window(0, elements).asFloatBuffer().put(leaves[0]);
            model.engine.round(gradient);
            float[] rounded = new float[elements];
            gradient.window(0, elements).asFloatBuffer().get(rounded);
            assertThat(rounded).isEqualTo(round(leaves[0]));
            model.engine.convert(wire, gradient);
            assertThat(wire.window(0, elements)).isEqualTo(bytes(rounded));
            return null;
          }
        });
  }

  @Test
  void parametersAreSentRoundedAndMasterWeightsKeepTheirBits() {
    OnDeviceThread.run(
        () -> {
          try (SliceOptimizer optimizer = open()) {
            optimizer.weights().window(0, elements).asFloatBuffer().put(leaves[1]);
            optimizer.refresh();
            ByteBuffer sent = optimizer.sent().window(0, elements);
            model.engine.install(slice.from(), elements, sent, WireDtype.BFLOAT16);
            float[] installed = new float[elements];
            model.engine.parameters().window(slice.from(), elements).asFloatBuffer().get(installed);
            assertThat(installed).isEqualTo(round(leaves[1]));
            float[] master = new float[elements];
            optimizer.weights().window(0, elements).asFloatBuffer().get(master);
            assertThat(master).isEqualTo(leaves[1]);
            return null;
          }
        });
  }

  private SliceOptimizer open() {
    AdamW hyper = new AdamW(0.9, 0.999, 1e-8, 0.01);
    return SliceOptimizer.open(model.engine.layout(), slice, hyper, "float32", WireDtype.BFLOAT16);
  }

  private double[] squaresOf(Map<Node, float[]> parts) {
    return OnDeviceThread.run(
        () -> {
          try (SliceOptimizer optimizer = open()) {
            Map<Node, ByteBuffer> onTheWire = new HashMap<>();
            parts.forEach((node, values) -> onTheWire.put(node, bytes(values)));
            optimizer.sum(SHARDS, onTheWire);
            return optimizer.sumsOfSquares();
          }
        });
  }

  /** Sum over each block of 2^16 elements. */
  private static double[] squares(float[] values) {
    double[] squares = new double[(values.length + (1 << 16) - 1) >> 16];
    for (int i = 0; i < values.length; i++) {
      squares[i >> 16] += (double) values[i] * values[i];
    }
    return squares;
  }

  private static float[] sum(float[] left, float[] right) {
    float[] sum = new float[left.length];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = left[i] + right[i];
    }
    return round(sum);
  }

  /** To the nearest number with 8 bits of precision, ties to even. */
  private static float[] round(float[] values) {
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      int bits = Float.floatToRawIntBits(values[i]);
      rounded[i] = Float.intBitsToFloat((bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF0000);
    }
    return rounded;
  }

  private static ByteBuffer bytes(float[] rounded) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(2 * rounded.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : rounded) {
      bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
    }
    return bytes.flip();
  }
}
