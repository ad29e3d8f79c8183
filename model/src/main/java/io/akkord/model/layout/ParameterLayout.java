package io.akkord.model.layout;

import io.akkord.model.hf.ModelConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where every parameter of a model lies in its flat buffers (weights, gradient, both moments).
 *
 * <p>Matrices with weight decay come first, gains and biases without it after them, each part on a
 * block border: so a slice of whole blocks has at most two runs of one decay, and neither sums,
 * norms nor updates depend on where slices are cut.
 */
public final class ParameterLayout {
  /** Elements of a block: the unit of slices and of the norm. */
  public static final int BLOCK = 1 << 16;

  /**
   * One parameter.
   *
   * @param name its name in the Hugging Face folder
   * @param shape its dimensions; linear weights are [out, in]
   * @param offset of its first element in a flat buffer
   * @param elements their number
   * @param decay whether weight decay applies: not on norms and biases
   */
  public record Parameter(String name, long[] shape, long offset, long elements, boolean decay) {}

  /** A run of whole blocks, {@code from ≤ element < to}; may be empty. */
  public record Slice(int index, long from, long to) {
    /** Number of elements. */
    public long elements() {
      return to - from;
    }
  }

  private final int block;
  private final List<Parameter> parameters;
  private final long decayEnd;
  private final long size;

  private ParameterLayout(int block, List<Parameter> parameters, long decayEnd, long size) {
    this.block = block;
    this.parameters = List.copyOf(parameters);
    this.decayEnd = decayEnd;
    this.size = size;
  }

  /** The layout of a model, a function of its configuration alone. */
  public static ParameterLayout of(ModelConfig config) {
    return of(config, BLOCK);
  }

  /**
   * The same with another size of block: a model of a few numbers then has slices too, for whoever
   * moves them without computing with them.
   */
  public static ParameterLayout of(ModelConfig config, int block) {
    return of(shapes(config), block);
  }

  /** The layout of what is trained: the adapters where there are some, else the whole model. */
  public static ParameterLayout of(ModelConfig config, Optional<Lora> lora) {
    return of(lora.map(l -> shapes(config, l)).orElseGet(() -> shapes(config)), BLOCK);
  }

  private static ParameterLayout of(Map<String, long[]> shapes, int block) {
    long decayed = 0;
    for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
      decayed += decays(entry.getKey()) ? elements(entry.getValue()) : 0;
    }
    long decayEnd = (decayed + block - 1) / block * block;
    long nextDecayed = 0;
    long nextPlain = decayEnd;
    List<Parameter> parameters = new ArrayList<>();
    for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
      long elements = elements(entry.getValue());
      boolean decay = decays(entry.getKey());
      long offset = decay ? nextDecayed : nextPlain;
      parameters.add(new Parameter(entry.getKey(), entry.getValue(), offset, elements, decay));
      nextDecayed += decay ? elements : 0;
      nextPlain += decay ? 0 : elements;
    }
    return new ParameterLayout(block, parameters, decayEnd, nextPlain);
  }

  /**
   * Names and shapes in the order of the model: embedding, layers, final norm, head (unless tied).
   */
  public static Map<String, long[]> shapes(ModelConfig config) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new long[] {config.vocabSize(), config.hiddenSize()});
    for (int layer = 0; layer < config.layers(); layer++) {
      putLayer(shapes, "model.layers." + layer + ".", config);
    }
    shapes.put("model.norm.weight", new long[] {config.hiddenSize()});
    if (!config.tieWordEmbeddings()) {
      shapes.put("lm_head.weight", new long[] {config.vocabSize(), config.hiddenSize()});
    }
    return shapes;
  }

  /** Names and shapes of a model's adapters as PEFT has them, layer by layer, A before B. */
  public static Map<String, long[]> shapes(ModelConfig config, Lora lora) {
    Map<String, long[]> adapters = new LinkedHashMap<>();
    shapes(config)
        .forEach(
            (name, shape) -> {
              String module = name.replaceFirst("\\.weight$", "");
              if (lora.targetModules().contains(module.substring(module.lastIndexOf('.') + 1))) {
                adapters.put(Lora.nameOfA(module), new long[] {lora.r(), shape[1]});
                adapters.put(Lora.nameOfB(module), new long[] {shape[0], lora.r()});
              }
            });
    return adapters;
  }

  private static void putLayer(Map<String, long[]> shapes, String layer, ModelConfig c) {
    long queries = (long) c.heads() * c.headDim();
    long keys = (long) c.kvHeads() * c.headDim();
    shapes.put(layer + "input_layernorm.weight", new long[] {c.hiddenSize()});
    String attention = layer + "self_attn.";
    putLinear(shapes, attention + "q_proj", queries, c.hiddenSize(), c.qkvBias());
    putLinear(shapes, attention + "k_proj", keys, c.hiddenSize(), c.qkvBias());
    putLinear(shapes, attention + "v_proj", keys, c.hiddenSize(), c.qkvBias());
    if (c.qkNorm()) {
      shapes.put(attention + "q_norm.weight", new long[] {c.headDim()});
      shapes.put(attention + "k_norm.weight", new long[] {c.headDim()});
    }
    putLinear(shapes, attention + "o_proj", c.hiddenSize(), queries, c.outputBias());
    shapes.put(layer + "post_attention_layernorm.weight", new long[] {c.hiddenSize()});
    putLinear(shapes, layer + "mlp.gate_proj", c.intermediateSize(), c.hiddenSize(), c.mlpBias());
    putLinear(shapes, layer + "mlp.up_proj", c.intermediateSize(), c.hiddenSize(), c.mlpBias());
    putLinear(shapes, layer + "mlp.down_proj", c.hiddenSize(), c.intermediateSize(), c.mlpBias());
  }

  private static void putLinear(
      Map<String, long[]> shapes, String name, long out, long in, boolean bias) {
    shapes.put(name + ".weight", new long[] {out, in});
    if (bias) {
      shapes.put(name + ".bias", new long[] {out});
    }
  }

  /** As Hugging Face's Trainer decides: everything but biases and norms. */
  private static boolean decays(String name) {
    return !name.endsWith(".bias") && !name.contains("norm");
  }

  private static long elements(long[] shape) {
    long elements = 1;
    for (long dimension : shape) {
      elements *= dimension;
    }
    return elements;
  }

  /** All parameters in the order of the model. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /** Elements of a flat buffer, with the padding between the two parts. */
  public long size() {
    return size;
  }

  /** Weight decay applies to {@code [0, decayEnd)}; a block border. */
  public long decayEnd() {
    return decayEnd;
  }

  /** Trainable elements, without padding. */
  public long trainable() {
    return parameters.stream().mapToLong(Parameter::elements).sum();
  }

  /** Number of blocks; the last one may be short. */
  public int blocks() {
    return Math.toIntExact((size + block - 1) / block);
  }

  /**
   * Cuts the buffer into runs of whole blocks, as even as blocks allow; surplus slices are empty.
   */
  public List<Slice> slices(int shards) {
    List<Slice> slices = new ArrayList<>();
    for (int i = 0; i < shards; i++) {
      long from = (long) blocks() * i / shards * block;
      long to = Math.min(size, (long) blocks() * (i + 1) / shards * block);
      slices.add(new Slice(i, Math.min(from, size), to));
    }
    return slices;
  }
}
