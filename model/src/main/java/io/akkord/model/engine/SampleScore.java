package io.akkord.model.engine;

/**
 * What a forward pass says of one sample.
 *
 * @param nll c, mean negative log-likelihood, nats/token
 * @param dft mean of {@code −p log p}, nats/token
 * @param meanP mean token probability
 * @param top1 share of targets that are the arg-max; 0 from a training forward
 * @param tokens target tokens |y|
 */
public record SampleScore(double nll, double dft, double meanP, double top1, int tokens) {}
