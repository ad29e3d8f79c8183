package io.akkord.model.optim;

/**
 * Hyper-parameters of AdamW as {@code torch.optim.AdamW} defines them: decoupled weight decay, ε
 * added to the bias-corrected {@code √v̂}.
 */
public record AdamW(double beta1, double beta2, double epsilon, double weightDecay) {}
