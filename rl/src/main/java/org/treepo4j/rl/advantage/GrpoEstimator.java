package org.treepo4j.rl.advantage;

import java.util.List;
import org.apache.commons.math3.stat.StatUtils;
import org.treepo4j.rollout.RolloutTree;

/**
 * GRPO (arXiv 2402.03300): {@code (R − mean) / (std + 1e-6)} within the prompt group, std the
 * unbiased standard deviation. Without std it is Dr.GRPO (arXiv 2503.20783). A prompt group of one
 * has mean 0 and std 1, as in the recipe. Trees play no part.
 *
 * @param std whether to divide by the standard deviation
 */
record GrpoEstimator(boolean std) implements AdvantageEstimator.Explaining {
  private static final double EPSILON = 1e-6;

  @Override
  public List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch) {
    return PromptGroupAdvantages.of(
        batch, (difference, rewards) -> difference / (std ? deviation(rewards) + EPSILON : 1));
  }

  private static double deviation(double[] rewards) {
    return rewards.length == 1 ? 1 : Math.sqrt(StatUtils.variance(rewards));
  }
}
