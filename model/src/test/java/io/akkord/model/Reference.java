package io.akkord.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.SafetensorsFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The reference cases of src/test/resources/reference: numbers that Hugging Face code computed. */
public final class Reference {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Reference() {}

  /** A file or folder of the references. */
  public static Path path(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(Reference.class.getResource("/reference/" + name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A JSON file of the references. */
  public static JsonNode json(String name) {
    try (InputStream in = Reference.class.getResourceAsStream("/reference/" + name)) {
      return JSON.readTree(Objects.requireNonNull(in, name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Samples of a reference.json or the pool of a train.json. */
  public static List<TokenizedSample> samples(JsonNode array) {
    List<TokenizedSample> samples = new ArrayList<>();
    for (JsonNode node : array) {
      samples.add(
          new TokenizedSample(
              samples.size(), ints(node.get("prompt_ids")), ints(node.get("completion_ids"))));
    }
    return samples;
  }

  /** All of them as one micro-batch. */
  public static MicroBatch batch(List<TokenizedSample> samples) {
    return MicroBatch.of(samples, 0);
  }

  /** A JSON array of integers. */
  public static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asInt();
    }
    return values;
  }

  /** A JSON array of numbers. */
  public static double[] doubles(JsonNode array) {
    double[] values = new double[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asDouble();
    }
    return values;
  }

  /** A whole float32 tensor. */
  public static float[] tensor(SafetensorsFile tensors, String name) {
    long elements = 1;
    for (long dimension : tensors.shape(name)) {
      elements *= dimension;
    }
    FloatBuffer buffer = FloatBuffer.allocate((int) elements);
    tensors.read(name, 0, buffer);
    return buffer.array();
  }
}
