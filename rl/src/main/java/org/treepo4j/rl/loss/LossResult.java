package org.treepo4j.rl.loss;

/**
 * A loss with its derivatives, ready for {@link org.treepo4j.model.ForwardPass#backward}.
 *
 * @param loss this micro-batch's share of the mini-batch's loss
 * @param dLogprob derivative by every log-probability, {@code [trees][size]}
 * @param dEntropy derivative by every entropy, {@code [trees][size]}, or null where the loss has no
 *     entropy term
 * @param statistics sums over this micro-batch
 */
public record LossResult(
    double loss, float[][] dLogprob, float[][] dEntropy, LossStatistics statistics) {}
