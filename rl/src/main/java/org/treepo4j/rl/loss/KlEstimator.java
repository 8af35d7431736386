package org.treepo4j.rl.loss;

/**
 * Estimators of the Kullback-Leibler divergence from a reference policy by one sampled token (J.
 * Schulman, "Approximating KL divergence", 2020).
 */
public enum KlEstimator {
  /** {@code logp − logp_ref}: unbiased, of high variance, of either sign. */
  K1 {
    @Override
    double value(double logprob, double reference) {
      return logprob - reference;
    }

    @Override
    double derivative(double logprob, double reference) {
      return 1;
    }
  },
  /**
   * {@code exp(logp_ref − logp) − (logp_ref − logp) − 1}: of low variance, never negative; at most
   * 10 per token, as in the recipe, with derivative 0 beyond.
   */
  K3 {
    @Override
    double value(double logprob, double reference) {
      double difference = reference - logprob;
      return Math.min(Math.expm1(difference) - difference, LARGEST);
    }

    @Override
    double derivative(double logprob, double reference) {
      double difference = reference - logprob;
      boolean cut = Math.expm1(difference) - difference > LARGEST;
      return cut ? 0 : -Math.expm1(difference);
    }
  };

  private static final double LARGEST = 10;

  /** The estimate in nats. */
  abstract double value(double logprob, double reference);

  /** Derivative of the estimate by {@code logprob}. */
  abstract double derivative(double logprob, double reference);
}
