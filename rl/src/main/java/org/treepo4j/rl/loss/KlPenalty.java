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
      for (int token : tree.tokenIndices(trajectory)) {
        kl += estimator.value(oldLogprobs[token], referenceLogprobs[token]);
      }
      trajectories.add(trajectory.withReward(trajectory.reward() - coefficient * kl));
    }
    return tree.withTrajectories(trajectories);
  }
}
