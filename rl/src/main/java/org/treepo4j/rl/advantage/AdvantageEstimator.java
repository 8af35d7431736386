package org.treepo4j.rl.advantage;

import java.util.List;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.Trajectory;

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

  /**
   * The same estimator, whose answers are held against its contract.
   *
   * @throws IllegalStateException from {@link #advantages} for an answer of another shape, or with
   *     a value that is no finite number
   */
  default AdvantageEstimator checked() {
    return batch -> {
      double[][][] advantages = advantages(batch);
      requireSize("trees", batch.size(), advantages == null ? -1 : advantages.length);
      for (int t = 0; t < advantages.length; t++) {
        requireTree(batch.get(t), advantages[t]);
      }
      return advantages;
    };
  }

  private static void requireTree(RolloutTree tree, double[][] advantages) {
    List<Trajectory> trajectories = tree.trajectories();
    String ofPrompt = " of prompt " + tree.promptId();
    requireSize(
        "trajectories" + ofPrompt,
        trajectories.size(),
        advantages == null ? -1 : advantages.length);
    for (int i = 0; i < advantages.length; i++) {
      double[] tokens = advantages[i];
      String where = " of the trajectory to leaf " + trajectories.get(i).leaf() + ofPrompt;
      requireSize(
          "response tokens" + where,
          tree.responseLength(trajectories.get(i)),
          tokens == null ? -1 : tokens.length);
      for (int k = 0; k < tokens.length; k++) {
        if (!Double.isFinite(tokens[k])) {
          throw new IllegalStateException(
              "the estimator must give finite advantages, gave %s for response token %d%s"
                  .formatted(tokens[k], k, where));
        }
      }
    }
  }

  private static void requireSize(String what, int expected, int found) {
    if (found != expected) {
      throw new IllegalStateException(
          "the estimator must give advantages for the %d %s, gave %s"
              .formatted(expected, what, found < 0 ? "null" : "them for " + found));
    }
  }

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
