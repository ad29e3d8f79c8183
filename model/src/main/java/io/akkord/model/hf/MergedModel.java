package io.akkord.model.hf;

import io.akkord.model.layout.Lora;
import io.akkord.model.layout.ParameterLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A whole model out of an adapter and its base: W + (alpha / r) B A for every adapted layer, summed
 * in float64 and kept in float32; everything else as the base has it.
 */
public final class MergedModel {
  private final AdapterFolder adapter;
  private final HfFolder base;
  private final Map<String, long[]> adapters;

  /**
   * Checks both.
   *
   * @throws io.akkord.model.UserError if adapter or base does not fit its configuration
   */
  public MergedModel(AdapterFolder adapter) {
    this.adapter = adapter;
    this.base = HfFolder.open(adapter.base());
    base.require(ParameterLayout.shapes(base.config()));
    adapter.require(base.config());
    this.adapters = ParameterLayout.shapes(base.config(), adapter.lora());
  }

  /** Bytes of the weights to be written. */
  public long bytes() {
    return Float.BYTES * ParameterLayout.of(base.config()).trainable();
  }

  /** Writes configuration, tokenizer and weights into a folder that exists. */
  public void writeTo(Path folder) throws IOException {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    ParameterLayout.shapes(base.config()).forEach((name, shape) -> entries.add(entry(name, shape)));
    base.copyMetadataTo(folder);
    SafetensorsWriter.write(folder.resolve(HfFolder.WEIGHTS), entries, Map.of("format", "pt"));
  }

  private SafetensorsWriter.Entry entry(String name, long[] shape) {
    String module = name.replaceFirst("\\.weight$", "");
    return new SafetensorsWriter.Entry(
        name,
        "F32",
        shape,
        adapters.containsKey(Lora.nameOfA(module))
            ? new Sum(name, Lora.nameOfA(module), Lora.nameOfB(module), (int) shape[1])
            : (from, target) -> base.read(name, from, target.asFloatBuffer()));
  }

  /** One adapted weight; A and B are read when the first of its elements is. */
  private final class Sum implements SafetensorsWriter.Source {
    private final String name;
    private final String nameOfA;
    private final String nameOfB;
    private final int inputs;
    private double[] a;
    private double[] b;

    Sum(String name, String nameOfA, String nameOfB, int inputs) {
      this.name = name;
      this.nameOfA = nameOfA;
      this.nameOfB = nameOfB;
      this.inputs = inputs;
    }

    @Override
    public void fill(long from, ByteBuffer target) {
      if (a == null) {
        a = whole(nameOfA);
        b = whole(nameOfB);
      }
      int count = target.remaining() / Float.BYTES;
      double[] w = new double[count];
      base.readDouble(name, from, DoubleBuffer.wrap(w));
      int r = adapter.lora().r();
      for (int i = 0; i < count; i++) {
        int out = (int) ((from + i) / inputs);
        int in = (int) ((from + i) % inputs);
        double sum = 0;
        for (int k = 0; k < r; k++) {
          sum += b[out * r + k] * a[k * inputs + in];
        }
        target.putFloat((float) (w[i] + adapter.lora().scaling() * sum));
      }
    }

    private double[] whole(String tensor) {
      long[] shape = adapters.get(tensor);
      double[] values = new double[Math.toIntExact(shape[0] * shape[1])];
      adapter.readDouble(tensor, 0, DoubleBuffer.wrap(values));
      return values;
    }
  }
}
