package org.treepo4j.rl.advantage;

import java.util.List;
import org.treepo4j.rollout.RolloutTree;

/**
 * Turns the rewards of a batch of trees into advantages. The trees of one call are one batch:
 * estimators that whiten do so over all its response tokens, each counted once per trajectory.
 */
public interface AdvantageEstimator {

  /**
   * The advantages together with what they were made of.
   *
   * @param batch trees whose trajectories all have rewards
   * @return {@code [tree][trajectory]}, in the order of the batch
   * @throws IllegalArgumentException when a trajectory has no finite reward
   */
  List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch);

  /**
   * The advantages alone.
   *
   * @param batch trees whose trajectories all have rewards
   * @return {@code [tree][trajectory][response token]}, in the order of the batch
   * @throws IllegalArgumentException when a trajectory has no finite reward
   */
  default double[][][] advantages(List<RolloutTree> batch) {
    return explain(batch).stream()
        .map(tree -> tree.stream().map(AdvantageBreakdown::tokens).toArray(double[][]::new))
        .toArray(double[][][]::new);
  }
}
