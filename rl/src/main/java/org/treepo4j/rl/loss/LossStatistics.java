package org.treepo4j.rl.loss;

import java.io.Serializable;

/**
 * What a loss saw, as sums over flattened response tokens (a shared token counts once per
 * trajectory), so that micro-batches add up.
 *
 * @param tokens flattened response tokens
 * @param clipped tokens held by the clip range
 * @param dualClipped tokens held by the dual clip
 * @param ratioSum sum of {@code r}
 * @param behaviourKlSum sum of {@code logp_old − logp}, the k1 estimate of the divergence from the
 *     policy that sampled
 * @param referenceKlSum sum of the KL estimates to the reference policy; 0 without one
 * @param entropySum sum of the step entropies in nats
 * @param correctionSum sum of the rollout correction's weights; 1 per token without one
 * @param corrected tokens held by the rollout correction's threshold
 */
public record LossStatistics(
    long tokens,
    long clipped,
    long dualClipped,
    double ratioSum,
    double behaviourKlSum,
    double referenceKlSum,
    double entropySum,
    double correctionSum,
    long corrected)
    implements Serializable {

  public static final LossStatistics NONE = new LossStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0);

  public LossStatistics plus(LossStatistics other) {
    return new LossStatistics(
        tokens + other.tokens,
        clipped + other.clipped,
        dualClipped + other.dualClipped,
        ratioSum + other.ratioSum,
        behaviourKlSum + other.behaviourKlSum,
        referenceKlSum + other.referenceKlSum,
        entropySum + other.entropySum,
        correctionSum + other.correctionSum,
        corrected + other.corrected);
  }

  /** Share of tokens held by the clip range, {@code 0..1}. */
  public double clipFraction() {
    return mean(clipped);
  }

  /** Share of tokens held by the dual clip, {@code 0..1}. */
  public double dualClipFraction() {
    return mean(dualClipped);
  }

  /** Mean of {@code r}; 1 on the first update after sampling. */
  public double ratioMean() {
    return mean(ratioSum);
  }

  /** Mean of {@code logp_old − logp} in nats. */
  public double behaviourKl() {
    return mean(behaviourKlSum);
  }

  /** Mean KL estimate to the reference policy in nats. */
  public double referenceKl() {
    return mean(referenceKlSum);
  }

  /** Mean step entropy in nats. */
  public double entropy() {
    return mean(entropySum);
  }

  /** Mean weight of the rollout correction. */
  public double correctionMean() {
    return mean(correctionSum);
  }

  /** Share of tokens held by the rollout correction's threshold, {@code 0..1}. */
  public double correctedFraction() {
    return mean(corrected);
  }

  private double mean(double sum) {
    return tokens == 0 ? 0 : sum / tokens;
  }
}
