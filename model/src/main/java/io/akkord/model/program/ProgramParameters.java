package io.akkord.model.program;

import io.akkord.model.hf.ModelConfig;
import io.akkord.model.layout.Lora;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.layout.ParameterLayout.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The list P of a program: all parameters of a model in its order, every layer's adapters behind
 * its own parameters.
 *
 * @param model the model's own parameters; in the frozen buffer where there are adapters
 * @param adapters in the trained buffer; none where the whole model is trained
 * @param names of P
 */
record ProgramParameters(List<Parameter> model, List<Parameter> adapters, List<String> names) {
  private static final String FIRST_LAYER = "model.layers.0.";

  static ProgramParameters of(ModelConfig config, Optional<Lora> lora) {
    List<Parameter> model = ParameterLayout.of(config).parameters();
    List<Parameter> adapters =
        lora.isEmpty() ? List.of() : ParameterLayout.of(config, lora).parameters();
    int perLayer = adapters.size() / config.layers();
    List<String> names = new ArrayList<>(model.stream().map(Parameter::name).toList());
    for (int layer = config.layers() - 1; layer >= 0; layer--) {
      String prefix = "model.layers." + layer + ".";
      int end = 0;
      for (int i = 0; i < names.size(); i++) {
        end = names.get(i).startsWith(prefix) ? i + 1 : end;
      }
      List<Parameter> own = adapters.subList(layer * perLayer, (layer + 1) * perLayer);
      names.addAll(end, own.stream().map(Parameter::name).toList());
    }
    return new ProgramParameters(model, adapters, List.copyOf(names));
  }

  /**
   * A layer's parameter relative to the layer's first one, or None where the model has none.
   *
   * @param suffix behind the layer's prefix, such as {@code self_attn.q_proj.lora_A.weight}
   */
  String inLayer(String suffix) {
    int index = names.indexOf(FIRST_LAYER + suffix);
    if (index < 0) {
      index = names.indexOf(Lora.PREFIX + FIRST_LAYER + suffix);
    }
    return index < 0 ? "None" : "P[o + " + (index - 1) + "]";
  }

  /** Entries of P that belong to one layer. */
  long perLayer() {
    return names.stream().filter(name -> name.contains(FIRST_LAYER)).count();
  }

  /** The trained ones of them. */
  long trainedPerLayer() {
    return adapters.isEmpty()
        ? perLayer()
        : adapters.stream().filter(p -> p.name().contains(FIRST_LAYER)).count();
  }

  String viewsBody() {
    StringBuilder body = new StringBuilder();
    for (Parameter p : adapters.isEmpty() ? model : adapters) {
      body.append("    v.append(%s)  # %s%n".formatted(view("flat", p), p.name()));
    }
    return body.toString().stripTrailing();
  }

  String trainedBody() {
    if (adapters.isEmpty()) {
      return "    return P";
    }
    List<String> lines = new ArrayList<>(List.of("t = annotate(List[Tensor], [])"));
    for (Parameter p : adapters) {
      lines.add("t.append(P[%d])  # %s".formatted(names.indexOf(p.name()), p.name()));
    }
    lines.add("return t");
    return "    " + String.join("\n    ", lines);
  }

  String leavesBody() {
    if (adapters.isEmpty()) {
      return "    return t";
    }
    List<String> trained = adapters.stream().map(Parameter::name).toList();
    List<String> lines = new ArrayList<>(List.of("p = annotate(List[Tensor], [])"));
    for (String name : names) {
      int index = trained.indexOf(name);
      String value = index < 0 ? view("frozen", frozen(name)) : "t[" + index + "]";
      lines.add("p.append(%s)  # %s".formatted(value, name));
    }
    lines.add("return p");
    return "    " + String.join("\n    ", lines);
  }

  private Parameter frozen(String name) {
    return model.stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow();
  }

  private static String view(String flat, Parameter p) {
    return "torch.view(torch.narrow(%s, 0, %d, %d), %s)"
        .formatted(flat, p.offset(), p.elements(), Arrays.toString(p.shape()));
  }
}
