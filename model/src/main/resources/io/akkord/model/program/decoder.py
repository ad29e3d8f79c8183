# A decoder-only language model (Llama, Qwen2, Qwen3, Mistral) in TorchScript's serialised dialect.
# Java fills in what stands in double braces from config.json; nothing else runs before this text.
#
# Dimensions at the end of names: B rows of the micro-batch, T positions, D hidden size, H query heads, K key/value heads,
# E head size, F feed-forward size, V vocabulary, N target tokens of the whole micro-batch, S samples, L tokens of the longest of them.
# P: all parameters in the order of the model, a layer's adapters behind its own (see `leaves`); o: index in P of a layer's first one.
# packing: empty where a row is one sample; else positions_BT of every token in its own sample, places_BT of every token among the
# concatenated groups, and for each group of samples of similar length tokens_SL, their tokens' indices in the flat [B*T].
class Decoder(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # ---- one idea per function -------------------------------------------------------------------------------------------------

  # y = x W^T + b{{linear_note}}
  def linear(self: __torch__.Decoder, x: Tensor, w: Tensor, b: Optional[Tensor], lora_A: Optional[Tensor], lora_B: Optional[Tensor]) -> Tensor:
{{linear_body}}

  # Qwen3 normalises every head of q and k; others pass None.
  def head_norm(self: __torch__.Decoder, x_BTHE: Tensor, gain_E: Optional[Tensor]) -> Tensor:
    y = x_BTHE
    if gain_E is not None:
      y = torch.rms_norm(x_BTHE, [{{head_dim}}], unchecked_cast(Tensor, gain_E), {{rms_norm_eps}})
    return y

  # Rotary position embedding, half-split convention: x cos + [-x2, x1] sin.
  def rotate(self: __torch__.Decoder, x_BHTE: Tensor, cos_TE: Tensor, sin_TE: Tensor) -> Tensor:
    x1 = torch.slice(x_BHTE, -1, 0, {{half_head_dim}})
    x2 = torch.slice(x_BHTE, -1, {{half_head_dim}}, {{head_dim}})
    return x_BHTE * cos_TE + torch.cat([-x2, x1], -1) * sin_TE

  # Normalised input -> rotated queries [B,H,T,E], rotated keys and values [B,K,T,E].
  def queries_keys_values(self: __torch__.Decoder, x_BTD: Tensor, cos_TE: Tensor, sin_TE: Tensor, P: List[Tensor], o: int) -> Tuple[Tensor, Tensor, Tensor]:
    B = torch.size(x_BTD, 0)
    T = torch.size(x_BTD, 1)
    h_BTD = torch.rms_norm(x_BTD, [{{hidden_size}}], {{input_layernorm}}, {{rms_norm_eps}})
    q_BTHE = torch.view(self.linear(h_BTD, {{q_proj}}, {{q_bias}}, {{q_lora_a}}, {{q_lora_b}}), [B, T, {{heads}}, {{head_dim}}])
    k_BTKE = torch.view(self.linear(h_BTD, {{k_proj}}, {{k_bias}}, {{k_lora_a}}, {{k_lora_b}}), [B, T, {{kv_heads}}, {{head_dim}}])
    v_BTKE = torch.view(self.linear(h_BTD, {{v_proj}}, {{v_bias}}, {{v_lora_a}}, {{v_lora_b}}), [B, T, {{kv_heads}}, {{head_dim}}])
    q_BHTE = torch.transpose(self.head_norm(q_BTHE, {{q_norm}}), 1, 2)
    k_BKTE = torch.transpose(self.head_norm(k_BTKE, {{k_norm}}), 1, 2)
    return (self.rotate(q_BHTE, cos_TE, sin_TE), self.rotate(k_BKTE, cos_TE, sin_TE), torch.transpose(v_BTKE, 1, 2))

  # Each key/value head serves {{group}} query heads.
  def repeat_heads(self: __torch__.Decoder, x_BKTE: Tensor) -> Tensor:
{{repeat_heads_body}}

  # Rows are padded on the right and attention is causal, so no real position ever sees padding.
  def attention(self: __torch__.Decoder, q_BHTE: Tensor, k_BKTE: Tensor, v_BKTE: Tensor) -> Tensor:
    return torch.scaled_dot_product_attention(q_BHTE, self.repeat_heads(k_BKTE), self.repeat_heads(v_BKTE), None, 0.0, True)

  # The tokens of one group of samples, taken out of their rows: [B,H,T,E] -> [S,H,L,E].
  def samples(self: __torch__.Decoder, x_BHTE: Tensor, tokens_SL: Tensor) -> Tensor:
    H = torch.size(x_BHTE, 1)
    x_NHE = torch.reshape(torch.transpose(x_BHTE, 1, 2), [-1, H, {{head_dim}}])
    x_SLHE = torch.view(torch.index_select(x_NHE, 0, torch.reshape(tokens_SL, [-1])), [torch.size(tokens_SL, 0), torch.size(tokens_SL, 1), H, {{head_dim}}])
    return torch.transpose(x_SLHE, 1, 2)

  # Samples that share a row do not see each other: attention runs sample by sample, group by group, with no mask and next to no
  # padding, and its results go back to where the tokens stand.
  def packed_attention(self: __torch__.Decoder, q_BHTE: Tensor, k_BKTE: Tensor, v_BKTE: Tensor, packing: List[Tensor]) -> Tensor:
    groups = annotate(List[Tensor], [])
    for g in range(torch.len(packing) - 2):
      tokens_SL = packing[g + 2]
      a_SHLE = self.attention(self.samples(q_BHTE, tokens_SL), self.samples(k_BKTE, tokens_SL), self.samples(v_BKTE, tokens_SL))
      groups.append(torch.reshape(torch.transpose(a_SHLE, 1, 2), [-1, {{heads}}, {{head_dim}}]))
    a_NHE = torch.index_select(torch.cat(groups), 0, torch.reshape(packing[1], [-1]))
    return torch.transpose(torch.view(a_NHE, [torch.size(q_BHTE, 0), torch.size(q_BHTE, 2), {{heads}}, {{head_dim}}]), 1, 2)

  def is_packed(self: __torch__.Decoder, packing: List[Tensor]) -> bool:
    return torch.gt(torch.numel(packing[0]), 0)

  # Rows of the rotary table for every token: by its place in the row, or in its own sample.
  def rotary(self: __torch__.Decoder, table: Tensor, ids_BT: Tensor, packing: List[Tensor]) -> Tensor:
    B = torch.size(ids_BT, 0)
    T = torch.size(ids_BT, 1)
    if self.is_packed(packing):
      rows = torch.view(torch.index_select(table, 0, torch.reshape(packing[0], [-1])), [B, 1, T, {{head_dim}}])
    else:
      rows = torch.slice(table, 0, 0, T)
    return rows

  def attention_output(self: __torch__.Decoder, x_BTD: Tensor, a_BHTE: Tensor, P: List[Tensor], o: int) -> Tensor:
    a_BTD = torch.reshape(torch.transpose(a_BHTE, 1, 2), [torch.size(x_BTD, 0), torch.size(x_BTD, 1), {{attention_size}}])
    return x_BTD + self.linear(a_BTD, {{o_proj}}, {{o_bias}}, {{o_lora_a}}, {{o_lora_b}})

  # SwiGLU: down(silu(gate x) * up x)
  def feed_forward(self: __torch__.Decoder, x_BTD: Tensor, P: List[Tensor], o: int) -> Tensor:
    h_BTD = torch.rms_norm(x_BTD, [{{hidden_size}}], {{post_attention_layernorm}}, {{rms_norm_eps}})
    f_BTF = torch.silu(self.linear(h_BTD, {{gate_proj}}, {{gate_bias}}, {{gate_lora_a}}, {{gate_lora_b}})) * self.linear(h_BTD, {{up_proj}}, {{up_bias}}, {{up_lora_a}}, {{up_lora_b}})
    return x_BTD + self.linear(f_BTF, {{down_proj}}, {{down_bias}}, {{down_lora_a}}, {{down_lora_b}})

  def layer(self: __torch__.Decoder, x_BTD: Tensor, packing: List[Tensor], cos_TE: Tensor, sin_TE: Tensor, P: List[Tensor], o: int) -> Tensor:
    q, k, v = self.queries_keys_values(x_BTD, cos_TE, sin_TE, P, o)
    if self.is_packed(packing):
      a_BHTE = self.packed_attention(q, k, v, packing)
    else:
      a_BHTE = self.attention(q, k, v)
    return self.feed_forward(self.attention_output(x_BTD, a_BHTE, P, o), P, o)

  # Token ids -> last hidden state after the final norm.
  def hidden(self: __torch__.Decoder, ids_BT: Tensor, packing: List[Tensor], cos: Tensor, sin: Tensor, P: List[Tensor]) -> Tensor:
    cos_TE = self.rotary(cos, ids_BT, packing)
    sin_TE = self.rotary(sin, ids_BT, packing)
    x_BTD = torch.embedding(P[0], ids_BT)
    for l in range({{layers}}):
      x_BTD = self.layer(x_BTD, packing, cos_TE, sin_TE, P, 1 + l * {{parameters_per_layer}})
    return torch.rms_norm(x_BTD, [{{hidden_size}}], {{final_norm}}, {{rms_norm_eps}})

  # ---- scores and gradients --------------------------------------------------------------------------------------------------

  # Log-probabilities of the vocabulary at the N target positions only: a masked prompt costs no head.
  def target_log_probs(self: __torch__.Decoder, ids_BT: Tensor, targets_N: Tensor, packing: List[Tensor], cos: Tensor, sin: Tensor, P: List[Tensor]) -> Tensor:
    h_BTD = self.hidden(ids_BT, packing, cos, sin, P)
    h_ND = torch.index_select(torch.reshape(h_BTD, [-1, {{hidden_size}}]), 0, targets_N)
    return torch.log_softmax(self.linear(h_ND, {{lm_head}}, None, None, None), -1)

  # average_BN[i,t] = 1/|y_i| where target t belongs to sample i: a product with it is the mean over a sample's tokens. Here B counts
  # samples, which are the rows unless several share one.
  # Returns the differentiable loss per sample and, detached in float64, c = NLL, DFT and mean token probability per sample
  # (arXiv 2606.11206 section 3), log p per target, and the entropy (nats) of every {{entropy_stride}}th target.
  def forward(self: __torch__.Decoder, ids_BT: Tensor, targets_N: Tensor, labels_N: Tensor, average_BN: Tensor, packing: List[Tensor], cos: Tensor, sin: Tensor, P: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    logp_NV = self.target_log_probs(ids_BT, targets_N, packing, cos, sin, P)
    logp_N = torch.squeeze(torch.gather(logp_NV, 1, torch.unsqueeze(labels_N, 1)), 1)
    p_N = torch.exp(torch.detach(logp_N))
    loss_B = -torch.mv(average_BN, {{token_loss}})
    logp64_N = torch.to(torch.detach(logp_N), 7)
    p64_N = torch.exp(logp64_N)
    average64_BN = torch.to(average_BN, 7)
    sampled_V = torch.slice(torch.detach(logp_NV), 0, 0, 9223372036854775807, {{entropy_stride}})
    entropy = -torch.sum(torch.exp(sampled_V) * sampled_V, [1])
    return (loss_B, -torch.mv(average64_BN, logp64_N), -torch.mv(average64_BN, p64_N * logp64_N), torch.mv(average64_BN, p64_N), logp64_N, torch.to(entropy, 7))

  # The same numbers without a graph, and which targets are the arg-max.
  def score(self: __torch__.Decoder, ids_BT: Tensor, targets_N: Tensor, labels_N: Tensor, average_BN: Tensor, packing: List[Tensor], cos: Tensor, sin: Tensor, P: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    torch.set_grad_enabled(False)
    logp_NV = self.target_log_probs(ids_BT, targets_N, packing, cos, sin, P)
    logp64_N = torch.to(torch.squeeze(torch.gather(logp_NV, 1, torch.unsqueeze(labels_N, 1)), 1), 7)
    p64_N = torch.exp(logp64_N)
    average64_BN = torch.to(average_BN, 7)
    sampled_V = torch.slice(logp_NV, 0, 0, 9223372036854775807, {{entropy_stride}})
    entropy = -torch.sum(torch.exp(sampled_V) * sampled_V, [1])
    hit_N = torch.to(torch.eq(torch.argmax(logp_NV, -1), labels_N), 7)
    torch.set_grad_enabled(True)
    return (torch.mv(average64_BN, hit_N), -torch.mv(average64_BN, logp64_N), -torch.mv(average64_BN, p64_N * logp64_N), torch.mv(average64_BN, p64_N), logp64_N, torch.to(entropy, 7))

  # All logits, for comparison with other implementations.
  def logits(self: __torch__.Decoder, ids_BT: Tensor, cos: Tensor, sin: Tensor, P: List[Tensor]) -> Tensor:
    torch.set_grad_enabled(False)
    logits_BTV = self.linear(self.hidden(ids_BT, [torch.new_zeros(ids_BT, [0])], cos, sin, P), {{lm_head}}, None, None, None)
    torch.set_grad_enabled(True)
    return logits_BTV

  # Gradient of sum_i factor_i loss_i, written over (overwrite = 1) or added to the flat gradient.
  def backward(self: __torch__.Decoder, loss_B: Tensor, factor_B: Tensor, overwrite: Tensor, gradient: Tensor, P: List[Tensor]) -> Tensor:
    trained = self.trained(P)
    grads = torch.grad([loss_B], trained, annotate(Optional[List[Optional[Tensor]]], [factor_B]))
    torch.set_grad_enabled(False)
    into = self.views(gradient)
    fresh = bool(torch.item(overwrite))
    for i in range(torch.len(trained)):
      g = grads[i]
      if g is not None:
        if fresh:
          torch.copy_(into[i], unchecked_cast(Tensor, g))
        else:
          torch.add_(into[i], unchecked_cast(Tensor, g))
    torch.set_grad_enabled(True)
    return factor_B

  # ---- flat buffers ----------------------------------------------------------------------------------------------------------

  # The trained parameters as views of one flat buffer, in their order among P.
  def views(self: __torch__.Decoder, flat: Tensor) -> List[Tensor]:
    v = annotate(List[Tensor], [])
{{views_body}}
    return v

  # The trained parameters among P.
  def trained(self: __torch__.Decoder, P: List[Tensor]) -> List[Tensor]:
{{trained_body}}

  # P: the views as autograd leaves, which share the buffer's memory, so that a write to the buffer is the update; and what
  # is not trained as views of the frozen buffer.
  def leaves(self: __torch__.Decoder, flat: Tensor, frozen: Tensor) -> List[Tensor]:
    t = annotate(List[Tensor], [])
    for v in self.views(torch.detach(flat)):
      t.append(torch.requires_grad_(torch.detach(v), True))
{{leaves_body}}

  # ---- generation ------------------------------------------------------------------------------------------------------------

  # Feeds T tokens at positions start..start+T-1 through the key/value cache; logits of the last one.
  def decode(self: __torch__.Decoder, ids_BT: Tensor, start: int, cos: Tensor, sin: Tensor, P: List[Tensor], keys: List[Tensor], values: List[Tensor]) -> Tensor:
    B = torch.size(ids_BT, 0)
    T = torch.size(ids_BT, 1)
    cos_TE = torch.slice(cos, 0, start, start + T)
    sin_TE = torch.slice(sin, 0, start, start + T)
    x_BTD = torch.embedding(P[0], ids_BT)
    for l in range({{layers}}):
      o = 1 + l * {{parameters_per_layer}}
      q, k, v = self.queries_keys_values(x_BTD, cos_TE, sin_TE, P, o)
      torch.copy_(torch.slice(keys[l], 2, start, start + T), k)
      torch.copy_(torch.slice(values[l], 2, start, start + T), v)
      seen_k = torch.slice(keys[l], 2, 0, start + T)
      seen_v = torch.slice(values[l], 2, 0, start + T)
      if T == 1:
        q_BKGE = torch.reshape(q, [B, {{kv_heads}}, {{group}}, {{head_dim}}])
        a_BHTE = torch.reshape(torch.scaled_dot_product_attention(q_BKGE, seen_k, seen_v, None, 0.0, False), [B, {{heads}}, 1, {{head_dim}}])
      else:
        a_BHTE = self.attention(q, seen_k, seen_v)
      x_BTD = self.feed_forward(self.attention_output(x_BTD, a_BHTE, P, o), P, o)
    h_BD = torch.rms_norm(torch.select(x_BTD, 1, T - 1), [{{hidden_size}}], {{final_norm}}, {{rms_norm_eps}})
    return self.linear(h_BD, {{lm_head}}, None, None, None)

  # Most probable first, at least until their mass reaches top_p: the whole vocabulary only when {{top_k_shortcut}} are not enough.
  def most_probable(self: __torch__.Decoder, p_BV: Tensor, top_p: float) -> Tuple[Tensor, Tensor]:
    V = torch.size(p_BV, 1)
    sorted_p, ids = torch.topk(p_BV, min(V, {{top_k_shortcut}}), -1, True, True)
    if V > {{top_k_shortcut}}:
      if float(torch.item(torch.min(torch.sum(torch.to(sorted_p, 7), [1])))) < top_p:
        sorted_p, ids = torch.sort(p_BV, -1, True)
    return (sorted_p, ids)

  # Nucleus sampling by inverse CDF: a token stays while the mass of the strictly more probable ones is below top_p; the uniform
  # number u picks the first whose cumulative kept mass exceeds u times the whole kept mass. Temperature 0 is the arg-max.
  def choose(self: __torch__.Decoder, logits_BV: Tensor, u_B: Tensor, temperature: float, top_p: float) -> Tensor:
    if temperature == 0.0:
      chosen_B = torch.argmax(logits_BV, -1)
    else:
      sorted_p, ids = self.most_probable(torch.softmax(torch.to(logits_BV, 7) / temperature, -1), top_p)
      mass = torch.cumsum(sorted_p, -1)
      kept = torch.masked_fill(sorted_p, torch.ge(mass - sorted_p, top_p), 0.0)
      kept_mass = torch.cumsum(kept, -1)
      limit = torch.unsqueeze(u_B, 1) * torch.slice(kept_mass, 1, -1)
      last = torch.sum(torch.gt(kept, 0.0), [1], True) - 1
      index = torch.minimum(torch.sum(torch.le(kept_mass, limit), [1], True), last)
      chosen_B = torch.squeeze(torch.gather(ids, 1, index), 1)
    return chosen_B

  # One step of `choose` for tests: the kept ids are those with a positive mass.
  def sample(self: __torch__.Decoder, logits_BV: Tensor, u_B: Tensor, temperature: Tensor, top_p: Tensor) -> Tensor:
    return self.choose(logits_BV, u_B, float(torch.item(temperature)), float(torch.item(top_p)))

  # All rows stand at the same position: a row whose prompt is longer is fed its own prompt, the others already sample. So no row
  # is padded on the left and positions need no mask. Row b ends at an EOS or after N tokens; u_BN holds one uniform per token.
  def generate(self: __torch__.Decoder, prompts_BL: Tensor, lengths_B: Tensor, u_BN: Tensor, temperature: Tensor, top_p: Tensor, eos: Tensor, cos: Tensor, sin: Tensor, P: List[Tensor]) -> Tensor:
    torch.set_grad_enabled(False)
    B = torch.size(prompts_BL, 0)
    L = torch.size(prompts_BL, 1)
    N = torch.size(u_BN, 1)
    t = float(torch.item(temperature))
    p = float(torch.item(top_p))
    keys = annotate(List[Tensor], [])
    values = annotate(List[Tensor], [])
    for l in range({{layers}}):
      keys.append(torch.new_zeros(P[0], [B, {{kv_heads}}, L + N, {{head_dim}}]))
      values.append(torch.new_zeros(P[0], [B, {{kv_heads}}, L + N, {{head_dim}}]))
    tokens = torch.cat([prompts_BL, torch.new_full(prompts_BL, [B, N], -1)], 1)
    position = int(torch.item(torch.min(lengths_B)))
    logits_BV = self.decode(torch.slice(prompts_BL, 1, 0, position), 0, cos, sin, P, keys, values)
    done_B = torch.lt(lengths_B, 0)
    going = True
    while going:
      j_B = position - lengths_B
      forced_B = torch.lt(j_B, 0)
      j_in_B = torch.clamp(j_B, 0, N - 1)
      u_B = torch.squeeze(torch.gather(u_BN, 1, torch.unsqueeze(j_in_B, 1)), 1)
      own_B = torch.select(tokens, 1, position)
      chosen_B = self.choose(logits_BV, u_B, t, p)
      next_B = torch.where(forced_B, own_B, chosen_B)
      torch.copy_(own_B, torch.where(done_B, torch.full_like(next_B, -1), next_B))
      ended_B = torch.logical_or(torch.isin(next_B, eos), torch.ge(j_B, N - 1))
      done_B = torch.logical_or(done_B, torch.logical_and(torch.logical_not(forced_B), ended_B))
      position = position + 1
      if bool(torch.item(torch.all(done_B))):
        going = False
      else:
        if position < L + N:
          logits_BV = self.decode(torch.unsqueeze(next_B, 1), position - 1, cos, sin, P, keys, values)
        else:
          going = False
    torch.set_grad_enabled(True)
    return tokens
