package org.treepo4j.rollout;

import java.io.Serializable;

/**
 * Counts at one depth, the number of segments from the prompt.
 *
 * @param leaves trajectories that end there
 * @param tokens sampled there
 * @param entropySum sum of the step entropies of these tokens in nats, under the model's own
 *     distribution
 */
public record DepthStatistics(long leaves, long tokens, double entropySum) implements Serializable {

  DepthStatistics plus(DepthStatistics other) {
    return new DepthStatistics(
        leaves + other.leaves, tokens + other.tokens, entropySum + other.entropySum);
  }
}
