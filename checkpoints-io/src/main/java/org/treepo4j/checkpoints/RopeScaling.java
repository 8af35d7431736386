package org.treepo4j.checkpoints;

import java.util.List;

/**
 * How the rotary position frequencies {@code theta^(-2i/headDim)} are changed for longer contexts;
 * the names are those of {@code rope_type} in {@code config.json}.
 */
public sealed interface RopeScaling {

  /** Unchanged frequencies ({@code "default"}). */
  RopeScaling NONE = new None();

  /** Unchanged frequencies ({@code "default"}). */
  record None() implements RopeScaling {}

  /** Every frequency divided by {@code factor} ({@code "linear"}). */
  record Linear(double factor) implements RopeScaling {
    public Linear {
      if (!(factor >= 1)) {
        throw new IllegalArgumentException("rope factor must be at least 1, was " + factor);
      }
    }
  }

  /**
   * Llama 3.1's scaling ({@code "llama3"}): wavelengths beyond {@code originalMaxPositions /
   * lowFreqFactor} are divided by {@code factor}, those below {@code originalMaxPositions /
   * highFreqFactor} are kept, and those between are blended.
   */
  record Llama3(
      double factor, double lowFreqFactor, double highFreqFactor, int originalMaxPositions)
      implements RopeScaling {
    public Llama3 {
      if (!(factor >= 1)) {
        throw new IllegalArgumentException("rope factor must be at least 1, was " + factor);
      }
      if (!(lowFreqFactor > 0)) {
        throw new IllegalArgumentException(
            "rope low_freq_factor must be positive, was " + lowFreqFactor);
      }
      if (!(highFreqFactor > lowFreqFactor)) {
        throw new IllegalArgumentException(
            "rope high_freq_factor must exceed low_freq_factor "
                + lowFreqFactor
                + ", was "
                + highFreqFactor);
      }
      if (originalMaxPositions <= 0) {
        throw new IllegalArgumentException(
            "rope original_max_position_embeddings must be positive, was " + originalMaxPositions);
      }
    }
  }

  /**
   * Every frequency divided by a factor of its own; {@code "longrope"} where the factors for short
   * and long texts are the same, and attention is not rescaled.
   *
   * @param factors one for each pair of a head, the fastest first
   */
  record Factors(List<Double> factors) implements RopeScaling {
    public Factors {
      factors = positive(factors);
    }
  }

  /**
   * Phi-3's LongRoPE ({@code "longrope"}, arXiv 2402.13753): every frequency divided by a factor of
   * its own, from one list for texts of at most {@code originalMaxPositions} tokens and from
   * another for longer ones; rotated queries and keys are multiplied by {@code attentionFactor}.
   * The step from one list to the other changes all keys of a text, so a model of ours reads texts
   * of the former kind only: its longest is {@code originalMaxPositions}.
   *
   * @param shortFactors one for each pair of a head that is rotated, the fastest first
   * @param longFactors as many
   * @param maxPositions the longest text that the model was made for
   */
  record LongRope(
      List<Double> shortFactors,
      List<Double> longFactors,
      double attentionFactor,
      int originalMaxPositions,
      int maxPositions)
      implements RopeScaling {
    public LongRope {
      shortFactors = positive(shortFactors);
      longFactors = positive(longFactors);
      if (shortFactors.size() != longFactors.size()) {
        throw new IllegalArgumentException(
            "rope short_factor and long_factor must be of one length, were %d and %d"
                .formatted(shortFactors.size(), longFactors.size()));
      }
      if (!(attentionFactor > 0 && Double.isFinite(attentionFactor))) {
        throw new IllegalArgumentException(
            "rope attention_factor must be positive, was " + attentionFactor);
      }
      if (originalMaxPositions <= 0 || maxPositions <= 0) {
        throw new IllegalArgumentException(
            "rope original_max_position_embeddings and max_position_embeddings must be positive, were %d and %d"
                .formatted(originalMaxPositions, maxPositions));
      }
    }

    /** The longest text that is read. */
    int readablePositions() {
      return Math.min(originalMaxPositions, maxPositions);
    }

    /** The attention factor that LongRoPE prescribes, {@code √(1 + ln(factor)/ln(original))}. */
    static double attentionFactor(double factor, int original) {
      return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
    }
  }

  private static List<Double> positive(List<Double> factors) {
    for (double factor : factors) {
      if (!(factor > 0 && Double.isFinite(factor))) {
        throw new IllegalArgumentException("rope factors must be positive, one was " + factor);
      }
    }
    return List.copyOf(factors);
  }

  /**
   * YaRN ({@code "yarn"}, arXiv 2309.00071): frequencies that turn more than {@code betaFast} times
   * in {@code originalMaxPositions} are kept, those that turn less than {@code betaSlow} times are
   * divided by {@code factor}, and those between are blended; rotated queries and keys are
   * multiplied by {@code attentionFactor}.
   *
   * @param truncate whether the borders are rounded to whole elements
   */
  record Yarn(
      double factor,
      double betaFast,
      double betaSlow,
      int originalMaxPositions,
      double attentionFactor,
      boolean truncate)
      implements RopeScaling {
    public Yarn {
      if (!(factor > 0)) {
        throw new IllegalArgumentException("rope factor must be positive, was " + factor);
      }
      if (!(betaSlow > 0) || !(betaFast > 0)) {
        throw new IllegalArgumentException(
            "rope beta_fast and beta_slow must be positive, were " + betaFast + ", " + betaSlow);
      }
      if (originalMaxPositions <= 0) {
        throw new IllegalArgumentException(
            "rope original_max_position_embeddings must be positive, was " + originalMaxPositions);
      }
      if (!(attentionFactor > 0)) {
        throw new IllegalArgumentException(
            "rope attention_factor must be positive, was " + attentionFactor);
      }
    }

    /** The attention factor that YaRN prescribes: {@code 0.1·mscale·ln(factor) + 1}. */
    static double attentionFactor(double factor, double mscale) {
      return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }
  }
}
