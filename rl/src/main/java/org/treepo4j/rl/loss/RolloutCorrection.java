package org.treepo4j.rl.loss;

/**
 * What the loss makes of a sampler that is not the policy the training pass computes: weights
 * rounded to bf16, or a truncated distribution. The sampler's own log-probability of a token is the
 * behaviour; {@code exp(logp_old − logp_behaviour)}, a constant to the gradient, weighs the token's
 * policy loss.
 */
public enum RolloutCorrection {
  /** {@link #TRUNCATE} in a run whose sampler differs, otherwise none. */
  AUTO,
  /** Every token counts fully. */
  NONE,
  /** At most the threshold (truncated importance sampling). */
  TRUNCATE,
  /** 0 beyond the threshold (masked importance sampling). */
  MASK;

  /** This one, decided. */
  public RolloutCorrection in(boolean samplerDiffers) {
    if (this != AUTO) {
      return this;
    }
    return samplerDiffers ? TRUNCATE : NONE;
  }

  /**
   * The weight of a token.
   *
   * @param old log-probability by the training pass over the weights that sampled
   * @param behaviour log-probability under the distribution it was sampled from
   */
  double weight(double old, double behaviour, double threshold) {
    double ratio = PolicyLoss.ratio(old, behaviour);
    return switch (this) {
      case AUTO, NONE -> 1;
      case TRUNCATE -> Math.min(ratio, threshold);
      case MASK -> ratio > threshold ? 0 : ratio;
    };
  }

  /** Whether the threshold holds a token. */
  boolean limits(double old, double behaviour, double threshold) {
    return (this == TRUNCATE || this == MASK) && PolicyLoss.ratio(old, behaviour) > threshold;
  }
}
