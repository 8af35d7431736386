package org.treepo4j.rl.loss;

/**
 * The clipped policy loss of one token, shared or not (algorithm page, section 4). With {@code P}
 * the sum of the positive advantages of the trajectories through the token and {@code N} the sum of
 * the absolute negative ones, the sum of their token losses is
 *
 * <pre>
 * max(−P·r, −P·clip(r)) + min(max(N·r, N·clip(r)), N·c) = −P·min(r, 1+ε_high) + N·min(max(r, 1−ε_low), c)
 * </pre>
 *
 * <p>At a border the unclipped side counts, as in PyTorch's {@code clamp}: the derivative there is
 * that of {@code r}.
 *
 * @param clipLow {@code ε_low}
 * @param clipHigh {@code ε_high}
 * @param dualClip {@code c}; infinite for none
 */
record PolicyLoss(double clipLow, double clipHigh, double dualClip) {
  /** Keeps the ratio finite; far outside every clip range, so it changes no clipped loss. */
  private static final double MAX_LOG_RATIO = 20;

  /** {@code r = exp(logp − logp_old)}. */
  static double ratio(double logprob, double oldLogprob) {
    double logRatio = logprob - oldLogprob;
    return Math.exp(Math.max(-MAX_LOG_RATIO, Math.min(MAX_LOG_RATIO, logRatio)));
  }

  double value(double positive, double negative, double ratio) {
    return -positive * Math.min(ratio, 1 + clipHigh)
        + negative * Math.min(Math.max(ratio, 1 - clipLow), dualClip);
  }

  /** Derivative of {@link #value} by the log-probability: {@code dr/dlogp = r}. */
  double derivative(double positive, double negative, double ratio) {
    double derivative = 0;
    if (!clipsPositive(ratio)) {
      derivative -= positive * ratio;
    }
    if (!clipsNegative(ratio) && !dualClips(ratio)) {
      derivative += negative * ratio;
    }
    return derivative;
  }

  /** Whether a trajectory of positive advantage is clipped. */
  boolean clipsPositive(double ratio) {
    return ratio > 1 + clipHigh;
  }

  /** Whether a trajectory of negative advantage is clipped from below. */
  boolean clipsNegative(double ratio) {
    return ratio < 1 - clipLow;
  }

  /** Whether a trajectory of negative advantage is held by the dual clip. */
  boolean dualClips(double ratio) {
    return ratio > dualClip;
  }
}
