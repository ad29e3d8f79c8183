package io.akkord.model.engine;

import io.akkord.model.UserError;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.layout.ParameterLayout.Parameter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A run's own shapes computed with known numbers and hashed: processes whose hashes are equal give
 * equal bits. Overwrites all parameters, so it comes before they are read or installed.
 */
public final class Canary {
  private static final int MOST_TOKENS = 128;
  private static final int NEW_TOKENS = 4;
  private static final int CHUNK = 1 << 20;

  private Canary() {}

  /**
   * Forward, backward and decoding, each twice.
   *
   * @param rows of a micro-batch
   * @return SHA-256, hex
   * @throws UserError if the same computation gives two results
   */
  public static String hash(Engine engine, int vocabulary, int rows) {
    fill(engine);
    try (FlatBuffer gradient = engine.newGradient()) {
      byte[] first = once(engine, gradient, vocabulary, rows);
      byte[] second = once(engine, gradient, vocabulary, rows);
      if (!Arrays.equals(first, second)) {
        throw new UserError(
            "the engine gives two results for one computation on this machine (%s, libtorch %s); runs on it could not be repeated"
                .formatted(NativeLibrary.instructionSet(), NativeLibrary.version()));
      }
      return HexFormat.of().formatHex(first);
    }
  }

  private static void fill(Engine engine) {
    SplittableRandom random = new SplittableRandom(7);
    fill(engine.parameters(), engine.layout(), random);
    engine.frozenLayout().ifPresent(layout -> fill(engine.frozen(), layout, random));
  }

  private static void fill(FlatBuffer parameters, ParameterLayout layout, SplittableRandom random) {
    for (Parameter p : layout.parameters()) {
      for (long at = 0; at < p.elements(); at += CHUNK) {
        int count = (int) Math.min(CHUNK, p.elements() - at);
        ByteBuffer window = parameters.window(p.offset() + at, count);
        while (window.hasRemaining()) {
          double value = p.decay() ? 0.1 * (random.nextDouble() - 0.5) : 1;
          if (parameters.elementBytes() == Double.BYTES) {
            window.putDouble(value);
          } else {
            window.putFloat((float) value);
          }
        }
        parameters.written(p.offset() + at, count);
      }
    }
  }

  private static byte[] once(Engine engine, FlatBuffer gradient, int vocabulary, int rows) {
    int length = Math.min(MOST_TOKENS, engine.maxLength());
    SplittableRandom random = new SplittableRandom(11);
    List<TokenizedSample> samples = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      samples.add(
          new TokenizedSample(
              row,
              random.ints(1, 0, vocabulary).toArray(),
              random.ints(length - 1, 0, vocabulary).toArray()));
    }
    double[] factors = new double[rows];
    Arrays.fill(factors, 1.0 / rows);
    MessageDigest digest = sha256();
    HeldForward held = engine.forward(MicroBatch.of(samples, 0));
    ByteBuffer number = ByteBuffer.allocate(Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (SampleScore score : held.scores().samples()) {
      digest.update(number.clear().putDouble(score.nll()).flip());
    }
    engine.backward(held, factors, gradient, true);
    for (long at = 0; at < gradient.elements(); at += CHUNK) {
      digest.update(gradient.window(at, (int) Math.min(CHUNK, gradient.elements() - at)));
    }
    if (engine.maxLength() > NEW_TOKENS) {
      decode(engine, random.ints(1, 0, vocabulary).toArray(), digest);
    }
    return digest.digest();
  }

  private static void decode(Engine engine, int[] prompt, MessageDigest digest) {
    GenerateOptions options = new GenerateOptions(1.0, 1.0, NEW_TOKENS, List.of());
    double[][] uniforms = {{0.1, 0.4, 0.6, 0.9}};
    for (int token : engine.generate(List.of(prompt), options, uniforms).get(0)) {
      digest.update((byte) token);
      digest.update((byte) (token >> 8));
      digest.update((byte) (token >> 16));
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
