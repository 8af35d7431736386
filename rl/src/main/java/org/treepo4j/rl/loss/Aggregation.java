package org.treepo4j.rl.loss;

/** How token losses become one number: the weight of each trajectory's tokens. */
public enum Aggregation {
  /** Mean over all response tokens of the mini-batch (DAPO). */
  TOKEN_MEAN,
  /** Mean over trajectories of the sum over tokens. */
  SEQ_MEAN_TOKEN_SUM,
  /** Mean over trajectories of the mean over tokens (GRPO). */
  SEQ_MEAN_TOKEN_MEAN,
  /** Mean over trajectories of the sum over tokens divided by a constant length (Dr.GRPO). */
  SEQ_MEAN_TOKEN_SUM_NORM;

  /** Weight of every token of a trajectory. */
  double weight(LossNormalizer whole, int responseTokens, int normLength) {
    return switch (this) {
      case TOKEN_MEAN -> 1.0 / whole.responseTokens();
      case SEQ_MEAN_TOKEN_SUM -> 1.0 / whole.trajectories();
      case SEQ_MEAN_TOKEN_MEAN -> 1.0 / whole.trajectories() / responseTokens;
      case SEQ_MEAN_TOKEN_SUM_NORM -> 1.0 / whole.trajectories() / normLength;
    };
  }
}
