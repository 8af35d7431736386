package org.treepo4j.rl.loss;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.Trajectory;

/**
 * KL to a reference policy inside the reward: every trajectory loses {@code coefficient} times the
 * sum of its tokens' KL estimates, before advantages are estimated.
 */
public record KlPenalty(KlEstimator estimator, double coefficient) {

  /**
   * The tree with lowered rewards.
   *
   * @param oldLogprobs of every token of {@link RolloutTree#toTokenTree} under the policy that
   *     sampled
   * @param referenceLogprobs the same under the reference policy
   */
  public RolloutTree apply(RolloutTree tree, float[] oldLogprobs, float[] referenceLogprobs) {
    List<Trajectory> trajectories = new ArrayList<>();
    for (Trajectory trajectory : tree.trajectories()) {
      double kl = 0;
      int[] tokens = tree.tokenIndices(trajectory);
      boolean[] learned = tree.learned(trajectory);
      for (int t = 0; t < tokens.length; t++) {
        if (learned[t]) {
          kl += estimator.value(oldLogprobs[tokens[t]], referenceLogprobs[tokens[t]]);
        }
      }
      trajectories.add(trajectory.withReward(trajectory.reward() - coefficient * kl));
    }
    return tree.withTrajectories(trajectories);
  }
}
