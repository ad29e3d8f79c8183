package io.akkord.model.layout;

import java.util.List;

/**
 * Low-rank adapters beside some of a model's linear layers, which alone are trained: {@code y = W x
 * + b + (alpha / r) B (A x)} (arXiv 2106.09685).
 *
 * @param r rank: rows of A [r, in], columns of B [out, r]
 * @param alpha the numerator of the scaling
 * @param targetModules names of linear layers, in the order of {@link #MODULES}
 */
public record Lora(int r, double alpha, List<String> targetModules) {
  /** The linear layers of a decoder layer, in the order of the model. */
  public static final List<String> MODULES =
      List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

  /** What PEFT calls all of them. */
  public static final String ALL_LINEAR = "all-linear";

  /** What a parameter's name in a PEFT adapter starts with. */
  public static final String PREFIX = "base_model.model.";

  /** Puts the modules in order. */
  public Lora {
    List<String> wanted = targetModules.contains(ALL_LINEAR) ? MODULES : List.copyOf(targetModules);
    if (r < 1 || !(alpha > 0) || wanted.isEmpty() || !MODULES.containsAll(wanted)) {
      throw new IllegalArgumentException("r %d, alpha %s, %s".formatted(r, alpha, targetModules));
    }
    targetModules = MODULES.stream().filter(wanted::contains).toList();
  }

  /** What B (A x) is multiplied with. */
  public double scaling() {
    return alpha / r;
  }

  /** Name of A of a linear layer such as {@code model.layers.0.self_attn.q_proj}. */
  public static String nameOfA(String module) {
    return PREFIX + module + ".lora_A.weight";
  }

  /** Name of B of a linear layer. */
  public static String nameOfB(String module) {
    return PREFIX + module + ".lora_B.weight";
  }
}
