package io.akkord.model.program;

import io.akkord.model.layout.Lora;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The program's linear layer: in the type of the weights or in bfloat16, with adapters or not. */
final class LinearText {
  private LinearText() {}

  static String note(boolean bfloat16, Optional<Lora> lora) {
    String adapters =
        lora.map(l -> " + " + l.scaling() + " (x A^T) B^T where the layer has adapters").orElse("");
    return adapters + (bfloat16 ? ", computed in bfloat16" : "");
  }

  static String body(boolean bfloat16, Optional<Lora> lora) {
    List<String> lines = new ArrayList<>();
    lines.add("y = " + (bfloat16 ? product("x", "w", "None") : "torch.linear(x, w, b)"));
    if (bfloat16) {
      lines.add("if b is not None:");
      lines.add("  y = y + unchecked_cast(Tensor, b)");
    }
    if (lora.isPresent()) {
      lines.add("if lora_A is not None:");
      lines.add("  a = " + adapter(bfloat16, "x", "lora_A"));
      lines.add("  y = y + " + adapter(bfloat16, "a", "lora_B") + " * " + lora.get().scaling());
    }
    lines.add("return y");
    return "    " + String.join("\n    ", lines);
  }

  private static String adapter(boolean bfloat16, String x, String weight) {
    String w = "unchecked_cast(Tensor, " + weight + ")";
    return bfloat16 ? product(x, w, "None") : "torch.linear(%s, %s, None)".formatted(x, w);
  }

  /** Dtype codes: 15 bfloat16, 6 float32. */
  private static String product(String x, String w, String b) {
    return "torch.to(torch.linear(torch.to(%s, 15), torch.to(%s, 15), %s), 6)".formatted(x, w, b);
  }
}
