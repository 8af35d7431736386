package org.treepo4j.rl.advantage;

import java.util.List;
import org.treepo4j.rollout.RolloutTree;

/**
 * RLOO (arXiv 2402.14740): {@code R} less the mean reward of the <em>other</em> trajectories of the
 * prompt, which is {@code n/(n−1) · (R − mean)}; {@code R} itself for a prompt group of one. Trees
 * play no part.
 */
record RlooEstimator() implements AdvantageEstimator.Explaining {

  @Override
  public List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch) {
    return PromptGroupAdvantages.of(
        batch,
        (difference, rewards) -> {
          int n = rewards.length;
          return n == 1 ? difference : difference * n / (n - 1);
        });
  }
}
