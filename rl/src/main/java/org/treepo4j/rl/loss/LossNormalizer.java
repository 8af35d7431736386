package org.treepo4j.rl.loss;

import java.util.Collection;

/**
 * What the losses of a mini-batch are divided by. Taken from the whole mini-batch before it is
 * split into micro-batches, so the accumulated gradient does not depend on the split.
 *
 * @param responseTokens flattened: a shared token counts once per trajectory
 * @param trajectories number of trajectories
 */
public record LossNormalizer(long responseTokens, long trajectories) {

  public LossNormalizer {
    if (responseTokens <= 0 || trajectories <= 0) {
      throw new IllegalArgumentException(
          "a mini-batch must hold response tokens and trajectories, had "
              + responseTokens
              + " and "
              + trajectories);
    }
  }

  /** The normalizer of a whole mini-batch. */
  public static LossNormalizer of(Collection<TrainingTree> miniBatch) {
    return new LossNormalizer(
        miniBatch.stream().mapToLong(TrainingTree::responseTokens).sum(),
        miniBatch.stream().mapToLong(TrainingTree::trajectories).sum());
  }
}
