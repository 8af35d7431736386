package org.treepo4j.rl.loss;

import org.treepo4j.rollout.RolloutTree;

/**
 * On-policy distillation: every token the policy sampled is told how much likelier the reference
 * policy finds it. As an advantage, {@code log p_ref − log p_old} gives the policy gradient of the
 * reverse KL per token, {@code KL(policy ‖ reference)} after each prefix of the policy's own trees;
 * its expectation is exact, and tokens further on do not count towards a token.
 *
 * @param klCoefficient weight of the reverse KL
 * @param advantageCoefficient weight of the advantages that rewards give
 */
public record Distillation(double klCoefficient, double advantageCoefficient) {

  /**
   * The advantages with the reverse KL in them. A token that several trajectories share has the
   * same part in each, so trees give what their flattened trajectories do.
   *
   * @param advantages {@code [trajectory][response token]}; not changed
   * @param oldLogprobs of every token of {@link RolloutTree#toTokenTree} under the policy that
   *     sampled, at the sampling temperature
   * @param referenceLogprobs the same under the reference policy
   */
  public double[][] apply(
      RolloutTree tree, double[][] advantages, float[] oldLogprobs, float[] referenceLogprobs) {
    double[][] distilled = new double[advantages.length][];
    for (int i = 0; i < distilled.length; i++) {
      int[] tokens = tree.tokenIndices(tree.trajectories().get(i));
      distilled[i] = new double[tokens.length];
      for (int t = 0; t < tokens.length; t++) {
        double likelier = (double) referenceLogprobs[tokens[t]] - oldLogprobs[tokens[t]];
        distilled[i][t] = advantageCoefficient * advantages[i][t] + klCoefficient * likelier;
      }
    }
    return distilled;
  }
}
