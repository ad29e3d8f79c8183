package io.akkord.model.program;

import io.akkord.model.hf.ModelConfig;
import io.akkord.model.layout.Lora;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.objective.LossType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Specialises the program resources beside this class by a model's configuration. */
public final class Programs {
  /** The entropy is taken at every so many targets: exact enough to watch, and free. */
  public static final int ENTROPY_STRIDE = 16;

  /**
   * So many most probable tokens hold the nucleus nearly always; sorting the whole vocabulary would
   * dominate decoding.
   */
  public static final int TOP_K_SHORTCUT = 1024;

  /**
   * Targets whose logits exist at once where activations are recomputed; a multiple of {@link
   * #ENTROPY_STRIDE}, so that the same targets are sampled. Small chunks add the head's gradient
   * too often.
   */
  public static final int HEAD_CHUNK = 512;

  private static final Map<String, String> LAYER_PARAMETERS =
      Map.ofEntries(
          Map.entry("input_layernorm", "input_layernorm.weight"),
          Map.entry("q_proj", "self_attn.q_proj.weight"),
          Map.entry("q_bias", "self_attn.q_proj.bias"),
          Map.entry("k_proj", "self_attn.k_proj.weight"),
          Map.entry("k_bias", "self_attn.k_proj.bias"),
          Map.entry("v_proj", "self_attn.v_proj.weight"),
          Map.entry("v_bias", "self_attn.v_proj.bias"),
          Map.entry("q_norm", "self_attn.q_norm.weight"),
          Map.entry("k_norm", "self_attn.k_norm.weight"),
          Map.entry("o_proj", "self_attn.o_proj.weight"),
          Map.entry("o_bias", "self_attn.o_proj.bias"),
          Map.entry("post_attention_layernorm", "post_attention_layernorm.weight"),
          Map.entry("gate_proj", "mlp.gate_proj.weight"),
          Map.entry("gate_bias", "mlp.gate_proj.bias"),
          Map.entry("up_proj", "mlp.up_proj.weight"),
          Map.entry("up_bias", "mlp.up_proj.bias"),
          Map.entry("down_proj", "mlp.down_proj.weight"),
          Map.entry("down_bias", "mlp.down_proj.bias"));

  private Programs() {}

  /**
   * The decoder of a model.
   *
   * @param bfloat16 whether matrix products run in bfloat16 (master weights and all else stay as
   *     they are)
   * @param checkpointing whether the methods of {@code checkpointing.py} are there as well
   * @param lora adapters, which alone are trained; empty: the whole model is
   */
  public static String decoder(
      ModelConfig config,
      LossType lossType,
      boolean bfloat16,
      boolean checkpointing,
      Optional<Lora> lora) {
    ProgramParameters parameters = ProgramParameters.of(config, lora);
    List<String> names = parameters.names();
    Map<String, String> values = new HashMap<>(sizes(config));
    LAYER_PARAMETERS.forEach((key, suffix) -> values.put(key, parameters.inLayer(suffix)));
    for (String module : Lora.MODULES) {
      String weight = LAYER_PARAMETERS.get(module);
      String key = module.replace("_proj", "");
      values.put(key + "_lora_a", parameters.inLayer(weight.replace("weight", "lora_A.weight")));
      values.put(key + "_lora_b", parameters.inLayer(weight.replace("weight", "lora_B.weight")));
    }
    values.put("parameters_per_layer", "" + parameters.perLayer());
    values.put("final_norm", "P[" + names.indexOf("model.norm.weight") + "]");
    values.put("lm_head", "P[" + Math.max(0, names.indexOf("lm_head.weight")) + "]");
    values.put("views_body", parameters.viewsBody());
    values.put("trained_body", parameters.trainedBody());
    values.put("leaves_body", parameters.leavesBody());
    values.put("linear_note", LinearText.note(bfloat16, lora));
    values.put("linear_body", LinearText.body(bfloat16, lora));
    values.put("repeat_heads_body", repeatHeads(config));
    values.put(
        "token_loss",
        lossType == LossType.DFT ? "torch.exp(torch.detach(logp_N)) * logp_N" : "logp_N");
    values.put("entropy_stride", "" + ENTROPY_STRIDE);
    values.put("top_k_shortcut", "" + TOP_K_SHORTCUT);
    List<String> resources = new ArrayList<>(List.of("decoder.py"));
    if (checkpointing) {
      values.put("head_chunk", "" + HEAD_CHUNK);
      values.put("final_norm_index", "" + names.indexOf("model.norm.weight"));
      values.put("lm_head_index", "" + Math.max(0, names.indexOf("lm_head.weight")));
      values.put("lm_head_trained", lora.isPresent() ? "" : values.get("lm_head") + ", ");
      values.put("final_norm_trained", lora.isPresent() ? "" : values.get("final_norm") + ", ");
      values.put("embedding_trained", lora.isPresent() ? "False" : "True");
      values.put("trained_per_layer", "" + parameters.trainedPerLayer());
      values.put("first_trained", "" + (parameters.perLayer() - parameters.trainedPerLayer()));
      values.put("first_gradient", lora.isPresent() ? "0" : "1");
      resources.add("checkpointing.py");
    }
    return ProgramText.fill(resources, values);
  }

  /** Arithmetic on flat buffers. */
  public static String optimizer() {
    return ProgramText.fill(List.of("optimizer.py"), Map.of("block", "" + ParameterLayout.BLOCK));
  }

  private static Map<String, String> sizes(ModelConfig config) {
    return Map.of(
        "hidden_size", "" + config.hiddenSize(),
        "layers", "" + config.layers(),
        "heads", "" + config.heads(),
        "kv_heads", "" + config.kvHeads(),
        "group", "" + config.heads() / config.kvHeads(),
        "head_dim", "" + config.headDim(),
        "half_head_dim", "" + config.headDim() / 2,
        "attention_size", "" + config.heads() * config.headDim(),
        "rms_norm_eps", Double.toString(config.rmsNormEps()));
  }

  private static String repeatHeads(ModelConfig config) {
    int group = config.heads() / config.kvHeads();
    return group == 1
        ? "    return x_BKTE"
        : "    return torch.repeat_interleave(x_BKTE, " + group + ", 1)";
  }
}
