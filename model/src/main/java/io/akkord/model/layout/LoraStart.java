package io.akkord.model.layout;

import io.akkord.model.layout.ParameterLayout.Parameter;
import java.util.List;

/**
 * What adapters start from, as PEFT sets them: B is zero, so the model starts as it is; A is
 * uniform in ±1/√in (Kaiming with a = √5). Every element is a function of seed and place alone, so
 * any part can be had without the rest.
 */
public final class LoraStart {
  private final long seed;
  private final List<Parameter> parameters;

  /** The start of a run. */
  public LoraStart(long seed, ParameterLayout layout) {
    this.seed = seed;
    this.parameters = layout.parameters();
  }

  /** One element of a parameter, by the parameter's index in the layout. */
  public double value(int parameter, long element) {
    Parameter p = parameters.get(parameter);
    if (!p.name().contains(".lora_A.")) {
      return 0;
    }
    double bound = 1 / Math.sqrt(p.shape()[1]);
    long bits = mix(mix(mix(seed) + parameter) + element);
    return bound * ((bits >>> 11) * 0x1.0p-52 - 1);
  }

  /** The finaliser of SplitMix64 after one step of its counter. */
  private static long mix(long z) {
    long x = z + 0x9e3779b97f4a7c15L;
    x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
    x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
    return x ^ (x >>> 31);
  }
}
