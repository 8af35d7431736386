package org.treepo4j.rl.loss;

import java.util.Objects;
import org.treepo4j.base.settings.Setting;

/** The policy loss: clipping, aggregation, KL to a reference policy, entropy bonus. */
public record LossSettings(
    @Setting("the ratio is clipped from below at 1 - clipLow where the advantage is negative")
        double clipLow,
    @Setting("the ratio is clipped from above at 1 + clipHigh where the advantage is positive")
        double clipHigh,
    @Setting(
            "largest ratio that counts where the advantage is negative (recipe clip_ratio_c); above"
                + " 1, or 0 for no dual clip")
        double dualClip,
    @Setting("how token losses become one number") Aggregation aggregation,
    @Setting(
            "seq-mean-token-sum-norm: the constant length in tokens to divide by, usually"
                + " rollout.maxResponseTokens")
        int normLength,
    @Setting("where the KL to the reference policy goes: none, loss or reward") KlPlacement kl,
    @Setting("k1 or k3 (recipe low_var_kl)") KlEstimator klEstimator,
    @Setting("weight of the KL term, in the loss or in the reward") double klCoefficient,
    @Setting("weight of the entropy bonus; 0 for none") double entropyCoefficient) {

  /** Where the KL to the frozen reference policy goes. */
  public enum KlPlacement {
    /** Nowhere; no reference policy is kept. */
    NONE,
    /** Into the loss of every token. */
    LOSS,
    /** Subtracted from the reward of every trajectory. */
    REWARD
  }

  public LossSettings {
    if (!(clipLow >= 0 && clipLow <= 1)) {
      throw new IllegalArgumentException("clipLow must be within 0..1, was " + clipLow);
    }
    if (!(clipHigh >= 0) || Double.isInfinite(clipHigh)) {
      throw new IllegalArgumentException(
          "clipHigh must be zero or a positive number, was " + clipHigh);
    }
    if (dualClip != 0 && !(dualClip > 1 && Double.isFinite(dualClip))) {
      throw new IllegalArgumentException(
          "dualClip must be above 1, or 0 for none, was " + dualClip);
    }
    Objects.requireNonNull(aggregation, "aggregation");
    if (aggregation == Aggregation.SEQ_MEAN_TOKEN_SUM_NORM && normLength <= 0) {
      throw new IllegalArgumentException(
          "normLength must be positive with seq-mean-token-sum-norm, was " + normLength);
    }
    Objects.requireNonNull(kl, "kl");
    Objects.requireNonNull(klEstimator, "klEstimator");
    if (!(klCoefficient >= 0) || Double.isInfinite(klCoefficient)) {
      throw new IllegalArgumentException(
          "klCoefficient must be zero or a positive number, was " + klCoefficient);
    }
    if (!Double.isFinite(entropyCoefficient)) {
      throw new IllegalArgumentException(
          "entropyCoefficient must be a finite number, was " + entropyCoefficient);
    }
  }

  /** The recipe's: clip 0.2 and 0.28, dual clip 10, token mean, no KL, no entropy bonus. */
  public static LossSettings defaults() {
    return new LossSettings(
        0.2, 0.28, 10, Aggregation.TOKEN_MEAN, 0, KlPlacement.NONE, KlEstimator.K3, 0.001, 0);
  }

  /** Whether log-probabilities of a frozen reference policy are needed. */
  public boolean needsReference() {
    return kl != KlPlacement.NONE;
  }

  PolicyLoss policyLoss() {
    return new PolicyLoss(clipLow, clipHigh, dualClip == 0 ? Double.POSITIVE_INFINITY : dualClip);
  }
}
