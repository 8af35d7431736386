package org.treepo4j.rl.loss;

import java.util.Objects;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.Trajectory;

/**
 * The policy loss: its form, clipping, aggregation, KL to a reference policy, entropy bonus, and
 * what it leaves out or corrects. {@code Settings.of(LossSettings.class)} builds one.
 */
public record LossSettings(
    @Setting(
            "ppo: clipped ratio of every token; cispo: clipped ratio as a constant weight; gspo,"
                + " gspo_token: one ratio for a whole response")
        PolicyForm policy,
    @Setting("the ratio is clipped from below at 1 - clipLow where the advantage is negative")
        double clipLow,
    @Setting(
            value =
                "the ratio is clipped from above at 1 + clipHigh where the advantage is positive",
            max = 1e3)
        double clipHigh,
    @Setting(
            value =
                "largest ratio that counts where the advantage is negative (recipe clip_ratio_c); above"
                    + " 1, or 0 for no dual clip",
            max = 1e6)
        double dualClip,
    @Setting("how token losses become one number") Aggregation aggregation,
    @Setting(
            value =
                "seq-mean-token-sum-norm: the constant length in tokens to divide by, usually"
                    + " rollout.maxResponseTokens",
            max = 1 << 22)
        int normLength,
    @Setting(
            "where the KL to the reference policy goes: none, loss, reward, or advantage (reverse KL of"
                + " every token, on-policy distillation)")
        KlPlacement kl,
    @Setting("k1 or k3 (recipe low_var_kl)") KlEstimator klEstimator,
    @Setting(value = "weight of the KL term, in the loss, the reward or the advantages", max = 1e3)
        double klCoefficient,
    @Setting(
            value =
                "kl: advantage: weight of the estimator's advantages beside the KL; 0 to learn from"
                    + " the reference policy alone",
            max = 1e3)
        double advantageCoefficient,
    @Setting(value = "weight of the entropy bonus; 0 for none", max = 1e3)
        double entropyCoefficient,
    @Setting(
            "leave responses that were cut (finish MAX_RESPONSE_TOKENS or MAX_DEPTH) out of the"
                + " loss; they stay in the advantages")
        boolean overlongFiltering,
    @Setting(
            "weigh tokens by old policy / sampler: none, truncate (at most the threshold), mask (0"
                + " beyond it); auto: truncate with bf16 weights, topK, topP or minP, otherwise"
                + " none")
        RolloutCorrection rolloutCorrection,
    @Setting(value = "largest weight of the rollout correction, at least 1", max = 1e6)
        double rolloutCorrectionThreshold) {

  /** What stands between the ratio of a token and its loss. */
  public enum PolicyForm {
    /** The clipped ratio of the token, with the dual clip. */
    PPO,
    /** The clipped ratio of the token as a constant, times its log-probability. */
    CISPO,
    /** The clipped ratio of the response, the geometric mean of its tokens' ratios. */
    GSPO,
    /** Its value as that of {@link #GSPO}; a token's derivative counts its own advantage only. */
    GSPO_TOKEN
  }

  /** Where the KL to the frozen reference policy goes. */
  public enum KlPlacement {
    /** Nowhere; no reference policy is kept. */
    NONE,
    /** Into the loss of every token. */
    LOSS,
    /** Subtracted from the reward of every trajectory. */
    REWARD,
    /** Subtracted from the advantage of every token ({@link Distillation}). */
    ADVANTAGE
  }

  public LossSettings {
    Objects.requireNonNull(policy, "policy");
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
    if (!(advantageCoefficient >= 0) || Double.isInfinite(advantageCoefficient)) {
      throw new IllegalArgumentException(
          "advantageCoefficient must be zero or a positive number, was " + advantageCoefficient);
    }
    if (advantageCoefficient != 1 && kl != KlPlacement.ADVANTAGE) {
      throw new IllegalArgumentException(
          "advantageCoefficient must be 1 without kl: advantage, was " + advantageCoefficient);
    }
    if (!Double.isFinite(entropyCoefficient)) {
      throw new IllegalArgumentException(
          "entropyCoefficient must be a finite number, was " + entropyCoefficient);
    }
    Objects.requireNonNull(rolloutCorrection, "rolloutCorrection");
    if (!(rolloutCorrectionThreshold >= 1) || Double.isInfinite(rolloutCorrectionThreshold)) {
      throw new IllegalArgumentException(
          "rolloutCorrectionThreshold must be at least 1, was " + rolloutCorrectionThreshold);
    }
  }

  /** The recipe's: clip 0.2 and 0.28, dual clip 10, token mean, no KL, no entropy bonus. */
  public static LossSettings defaults() {
    return new LossSettings(
        PolicyForm.PPO,
        0.2,
        0.28,
        10,
        Aggregation.TOKEN_MEAN,
        0,
        KlPlacement.NONE,
        KlEstimator.K3,
        0.001,
        1,
        0,
        false,
        RolloutCorrection.AUTO,
        2);
  }

  /** The same with the rollout correction decided. */
  public LossSettings forSampler(boolean differs) {
    return Settings.of(this).set("rolloutCorrection", rolloutCorrection.in(differs)).build();
  }

  /** Whether the log-probabilities of the distribution tokens were sampled from are needed. */
  public boolean needsBehaviour() {
    return rolloutCorrection == RolloutCorrection.TRUNCATE
        || rolloutCorrection == RolloutCorrection.MASK;
  }

  /** Whether a trajectory takes part in the loss: it has tokens that the policy chose. */
  public boolean takesPart(RolloutTree tree, Trajectory trajectory) {
    boolean cut =
        trajectory.finish() == FinishReason.MAX_RESPONSE_TOKENS
            || trajectory.finish() == FinishReason.MAX_DEPTH;
    boolean chosen = tree.segments(trajectory).stream().anyMatch(node -> node.learnedTokens() > 0);
    return chosen && !(overlongFiltering && cut);
  }

  /** Whether log-probabilities of a frozen reference policy are needed. */
  public boolean needsReference() {
    return kl != KlPlacement.NONE;
  }

  /**
   * Whether advantages or rewards depend on the policy's log-probabilities before the update, so
   * that these take a pass of their own.
   */
  public boolean needsOldBeforehand() {
    return kl == KlPlacement.REWARD || kl == KlPlacement.ADVANTAGE;
  }

  PolicyLoss policyLoss() {
    return new PolicyLoss(clipLow, clipHigh, dualClip == 0 ? Double.POSITIVE_INFINITY : dualClip);
  }
}
