package org.treepo4j.rl.loss;

import java.util.Arrays;

/**
 * What the trajectories through each unique token of a tree bring to it, {@code [unique token]}
 * each (algorithm page, section 4).
 */
final class TokenShares {
  /** {@code P}: weighted sum of the positive advantages. */
  final double[] positive;

  /** {@code N}: weighted sum of the absolute negative advantages. */
  final double[] negative;

  /** Weight of the rollout correction, already in {@link #positive} and {@link #negative}. */
  final double[] correction;

  /** Weighted number of trajectories, for terms without an advantage. */
  final double[] weight;

  /** Trajectories of positive advantage, of negative advantage, and all, unweighted. */
  final int[] positives;

  final int[] negatives;
  final int[] trajectories;

  TokenShares(TrainingTree tree, LossSettings settings, LossNormalizer whole) {
    int size = tree.uniqueTokens();
    positive = new double[size];
    negative = new double[size];
    weight = new double[size];
    correction = corrections(tree, settings);
    positives = new int[size];
    negatives = new int[size];
    trajectories = new int[size];
    for (int i = 0; i < tree.trajectories(); i++) {
      int[] path = tree.paths()[i];
      double share = settings.aggregation().weight(whole, path.length, settings.normLength());
      for (int t = 0; t < path.length; t++) {
        int token = path[t];
        double advantage = correction[token] * tree.advantages()[i][t];
        if (advantage > 0) {
          positive[token] += share * advantage;
          positives[token]++;
        } else if (advantage < 0) {
          negative[token] -= share * advantage;
          negatives[token]++;
        }
        weight[token] += share;
        trajectories[token]++;
      }
    }
  }

  private static double[] corrections(TrainingTree tree, LossSettings settings) {
    double[] weights = new double[tree.uniqueTokens()];
    Arrays.fill(weights, 1);
    if (!settings.needsBehaviour()) {
      return weights;
    }
    if (tree.behaviourLogprobs() == null) {
      throw new IllegalArgumentException(
          "behaviourLogprobs must be given for a rollout correction");
    }
    for (int token = 1; token < weights.length; token++) {
      weights[token] =
          settings
              .rolloutCorrection()
              .weight(
                  tree.oldLogprobs()[token],
                  tree.behaviourLogprobs()[token],
                  settings.rolloutCorrectionThreshold());
    }
    return weights;
  }
}
