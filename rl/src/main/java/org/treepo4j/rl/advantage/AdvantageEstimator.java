package org.treepo4j.rl.advantage;

import java.util.List;
import org.treepo4j.rollout.RolloutTree;

/**
 * Turns the rewards of a batch of trees into advantages. The trees of one call are one batch:
 * estimators that whiten do so over all its response tokens, each counted once per trajectory
 * ({@link Whitening#whiten}). {@link TrajectoryGroups} has the sub-groups of a tree.
 */
@FunctionalInterface
public interface AdvantageEstimator {

  /**
   * @param batch trees whose trajectories all have rewards
   * @return {@code [tree][trajectory][response token]}, in the order of the batch
   * @throws IllegalArgumentException when a trajectory has no finite reward
   */
  double[][][] advantages(List<RolloutTree> batch);

  /** An estimator that can also tell what its advantages are made of. */
  interface Explaining extends AdvantageEstimator {

    /**
     * The advantages together with what they were made of.
     *
     * @param batch trees whose trajectories all have rewards
     * @return {@code [tree][trajectory]}, in the order of the batch
     * @throws IllegalArgumentException when a trajectory has no finite reward
     */
    List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch);

    @Override
    default double[][][] advantages(List<RolloutTree> batch) {
      return explain(batch).stream()
          .map(tree -> tree.stream().map(AdvantageBreakdown::tokens).toArray(double[][]::new))
          .toArray(double[][][]::new);
    }
  }
}
