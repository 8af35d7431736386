package org.treepo4j.model;

import java.util.Arrays;

/**
 * What a {@link TokenSampler} has drawn, in the order of its {@link TokenDraws}; the sampler's own,
 * filled anew by its next draw.
 */
public final class DrawnTokens {
  private int[] tokens = new int[0];
  private double[] logprobs = new double[0];
  private double[] modelLogprobs = new double[0];
  private double[] entropies = new double[0];

  /** Makes room for so many draws; for samplers. */
  public void reserve(int draws) {
    if (tokens.length < draws) {
      tokens = Arrays.copyOf(tokens, draws);
      logprobs = Arrays.copyOf(logprobs, draws);
      modelLogprobs = Arrays.copyOf(modelLogprobs, draws);
      entropies = Arrays.copyOf(entropies, draws);
    }
  }

  /** The tokens, {@code [≥ draws]}; not copied. */
  public int[] tokens() {
    return tokens;
  }

  /** Log-probabilities in nats under the distribution drawn from, {@code [≥ draws]}. */
  public double[] logprobs() {
    return logprobs;
  }

  /**
   * Log-probabilities in nats under the model's own distribution, {@code [≥ draws]}: temperature 1,
   * nothing truncated, every id included.
   */
  public double[] modelLogprobs() {
    return modelLogprobs;
  }

  /** Entropies in nats of the model's own distribution, {@code [≥ draws]}. */
  public double[] entropies() {
    return entropies;
  }
}
