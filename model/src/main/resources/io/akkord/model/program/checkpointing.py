# Activation checkpointing: methods that follow those of decoder.py in the same class, with the same names of dimensions.
#
# The forward keeps one tensor per layer border and no graph; the backward goes from the last layer to the first, computes each
# layer once more with a graph of its own, and lets go of it. The head is done {{head_chunk}} targets at a time, so that the logits of
# a whole micro-batch never exist at once. The numbers are those of decoder.py to rounding; the bits are not.

  # The inputs of layers 1, 2, … and the output of the last one. Layer 0 starts from the embedding, which is cheap to look up again.
  def boundaries(self: __torch__.Decoder, ids_BT: Tensor, packing: List[Tensor], keep: bool, cos_TE: Tensor, sin_TE: Tensor, P: List[Tensor]) -> List[Tensor]:
    x_BTD = torch.embedding(P[0], ids_BT)
    kept = annotate(List[Tensor], [])
    for l in range({{layers}}):
      x_BTD = self.layer(x_BTD, packing, cos_TE, sin_TE, P, 1 + l * {{parameters_per_layer}})
      if keep:
        kept.append(x_BTD)
    if torch.__not__(keep):
      kept.append(x_BTD)
    return kept

  # Final norm at the N target positions only.
  def target_hidden(self: __torch__.Decoder, x_BTD: Tensor, targets_N: Tensor, P: List[Tensor]) -> Tensor:
    x_ND = torch.index_select(torch.reshape(x_BTD, [-1, {{hidden_size}}]), 0, targets_N)
    return torch.rms_norm(x_ND, [{{hidden_size}}], {{final_norm}}, {{rms_norm_eps}})

  # The numbers of `score`, then the boundaries: all of them if keep = 1, else the last alone.
  def forward_checkpointed(self: __torch__.Decoder, ids_BT: Tensor, targets_N: Tensor, labels_N: Tensor, average_BN: Tensor, packing: List[Tensor], keep: Tensor, cos: Tensor, sin: Tensor, P: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, List[Tensor]]:
    torch.set_grad_enabled(False)
    kept = self.boundaries(ids_BT, packing, bool(torch.item(keep)), self.rotary(cos, ids_BT, packing), self.rotary(sin, ids_BT, packing), P)
    h_ND = self.target_hidden(kept[-1], targets_N, P)
    N = torch.size(targets_N, 0)
    logps = annotate(List[Tensor], [])
    hits = annotate(List[Tensor], [])
    entropies = annotate(List[Tensor], [])
    n = 0
    while n < N:
      logp_CV = torch.log_softmax(self.linear(torch.slice(h_ND, 0, n, n + {{head_chunk}}), {{lm_head}}, None, None, None), -1)
      labels_C = torch.slice(labels_N, 0, n, n + {{head_chunk}})
      logps.append(torch.to(torch.squeeze(torch.gather(logp_CV, 1, torch.unsqueeze(labels_C, 1)), 1), 7))
      hits.append(torch.to(torch.eq(torch.argmax(logp_CV, -1), labels_C), 7))
      sampled_V = torch.slice(logp_CV, 0, 0, 9223372036854775807, {{entropy_stride}})
      entropies.append(-torch.sum(torch.exp(sampled_V) * sampled_V, [1]))
      n = n + {{head_chunk}}
    logp64_N = torch.cat(logps)
    p64_N = torch.exp(logp64_N)
    average64_BN = torch.to(average_BN, 7)
    torch.set_grad_enabled(True)
    return (torch.mv(average64_BN, torch.cat(hits)), -torch.mv(average64_BN, logp64_N), -torch.mv(average64_BN, p64_N * logp64_N), torch.mv(average64_BN, p64_N), logp64_N, torch.to(torch.cat(entropies), 7), kept)

  # A tensor that a graph starts from.
  def leaf(self: __torch__.Decoder, x: Tensor) -> Tensor:
    return torch.requires_grad_(torch.detach(x), True)

  # Gradients of a list, added to the flat gradient's views from index `first` on; the last one in the list is returned instead.
  def accumulate(self: __torch__.Decoder, grads: List[Optional[Tensor]], into: List[Tensor], first: int) -> Tensor:
    torch.set_grad_enabled(False)
    last = torch.len(grads) - 1
    for i in range(last):
      torch.add_(into[first + i], unchecked_cast(Tensor, grads[i]))
    torch.set_grad_enabled(True)
    return unchecked_cast(Tensor, grads[last])

  # Gradient with respect to the hidden states at the targets; the head's own is added on the way.
  def backward_head(self: __torch__.Decoder, h_ND: Tensor, labels_N: Tensor, average_BN: Tensor, factor_B: Tensor, into: List[Tensor], P: List[Tensor]) -> Tensor:
    N = torch.size(labels_N, 0)
    grads_h = annotate(List[Tensor], [])
    n = 0
    while n < N:
      h_CD = self.leaf(torch.slice(h_ND, 0, n, n + {{head_chunk}}))
      logp_CV = torch.log_softmax(self.linear(h_CD, {{lm_head}}, None, None, None), -1)
      labels_C = torch.slice(labels_N, 0, n, n + {{head_chunk}})
      logp_N = torch.squeeze(torch.gather(logp_CV, 1, torch.unsqueeze(labels_C, 1)), 1)
      loss_B = -torch.mv(torch.slice(average_BN, 1, n, n + {{head_chunk}}), {{token_loss}})
      grads = torch.grad([loss_B], [{{lm_head_trained}}h_CD], annotate(Optional[List[Optional[Tensor]]], [factor_B]))
      grads_h.append(self.accumulate(grads, into, {{lm_head_index}}))
      n = n + {{head_chunk}}
    return torch.cat(grads_h)

  # Gradient of sum_i factor_i loss_i from the boundaries, written over (overwrite = 1) or added to the flat gradient.
  def backward_checkpointed(self: __torch__.Decoder, ids_BT: Tensor, targets_N: Tensor, labels_N: Tensor, average_BN: Tensor, packing: List[Tensor], kept: List[Tensor], factor_B: Tensor, overwrite: Tensor, gradient: Tensor, cos: Tensor, sin: Tensor, P: List[Tensor]) -> Tensor:
    if bool(torch.item(overwrite)):
      torch.zero_(gradient)
    into = self.views(torch.detach(gradient))
    cos_TE = self.rotary(cos, ids_BT, packing)
    sin_TE = self.rotary(sin, ids_BT, packing)
    x_BTD = self.leaf(kept[-1])
    h_ND = self.target_hidden(x_BTD, targets_N, P)
    grad_ND = self.backward_head(torch.detach(h_ND), labels_N, average_BN, factor_B, into, P)
    grads = torch.grad([h_ND], [{{final_norm_trained}}x_BTD], annotate(Optional[List[Optional[Tensor]]], [grad_ND]))
    grad_BTD = self.accumulate(grads, into, {{final_norm_index}})
    for down in range({{layers}}):
      l = {{layers}} - 1 - down
      o = 1 + l * {{parameters_per_layer}}
      if l == 0:
        x_BTD = self.leaf(torch.embedding(torch.detach(P[0]), ids_BT))
      else:
        x_BTD = self.leaf(kept[l - 1])
      y_BTD = self.layer(x_BTD, packing, cos_TE, sin_TE, P, o)
      of = annotate(List[Tensor], [])
      for i in range({{trained_per_layer}}):
        of.append(P[o + {{first_trained}} + i])
      of.append(x_BTD)
      grad_BTD = self.accumulate(torch.grad([y_BTD], of, annotate(Optional[List[Optional[Tensor]]], [grad_BTD])), into, {{first_gradient}} + l * {{trained_per_layer}})
    if {{embedding_trained}}:
      embedded_BTD = torch.embedding(P[0], ids_BT)
      grads = torch.grad([embedded_BTD], [P[0]], annotate(Optional[List[Optional[Tensor]]], [grad_BTD]))
      torch.set_grad_enabled(False)
      torch.add_(into[0], unchecked_cast(Tensor, grads[0]))
      torch.set_grad_enabled(True)
    return factor_B
