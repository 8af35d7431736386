package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

class LossSettingsTest {

  @Test
  void defaultsAreTheRecipes() {
    LossSettings settings = LossSettings.defaults();
    assertThat(settings.policyLoss()).isEqualTo(new PolicyLoss(0.2, 0.28, 10));
    assertThat(settings.needsReference()).isFalse();
  }

  @Test
  void mistakesAreNamed() {
    assertThatThrownBy(() -> with(-0.1, 10, Aggregation.TOKEN_MEAN))
        .hasMessage("clipLow must be within 0..1, was -0.1");
    assertThatThrownBy(() -> with(0.2, 0.5, Aggregation.TOKEN_MEAN))
        .hasMessage("dualClip must be above 1, or 0 for none, was 0.5");
    assertThatThrownBy(() -> with(0.2, 0, Aggregation.SEQ_MEAN_TOKEN_SUM_NORM))
        .hasMessage("normLength must be positive with seq-mean-token-sum-norm, was 0");
  }

  @Test
  void advantagesAreWeighedAgainstAReferenceOnly() {
    LossSettings distilling =
        Settings.of(LossSettings.class)
            .set("kl", LossSettings.KlPlacement.ADVANTAGE)
            .set("advantageCoefficient", 0)
            .build();
    assertThat(distilling.needsReference()).isTrue();
    assertThat(distilling.needsOldBeforehand()).isTrue();
    assertThatThrownBy(() -> Settings.of(LossSettings.class).set("advantageCoefficient", 0).build())
        .hasMessageContaining("advantageCoefficient must be 1 without kl: advantage, was 0.0");
  }

  private static LossSettings with(double clipLow, double dualClip, Aggregation aggregation) {
    LossSettings d = LossSettings.defaults();
    return new LossSettings(
        d.policy(),
        clipLow,
        d.clipHigh(),
        dualClip,
        aggregation,
        d.normLength(),
        d.kl(),
        d.klEstimator(),
        d.klCoefficient(),
        d.advantageCoefficient(),
        d.entropyCoefficient(),
        d.overlongFiltering(),
        d.rolloutCorrection(),
        d.rolloutCorrectionThreshold());
  }

  @Test
  void aRolloutCorrectionIsDecidedByTheSampler() {
    LossSettings auto = LossSettings.defaults();
    assertThat(auto.needsBehaviour()).isFalse();
    assertThat(auto.forSampler(false).rolloutCorrection()).isEqualTo(RolloutCorrection.NONE);
    assertThat(auto.forSampler(true).rolloutCorrection()).isEqualTo(RolloutCorrection.TRUNCATE);
    for (RolloutCorrection chosen :
        List.of(RolloutCorrection.NONE, RolloutCorrection.TRUNCATE, RolloutCorrection.MASK)) {
      LossSettings settings = Settings.of(auto).set("rolloutCorrection", chosen).build();
      assertThat(settings.forSampler(true)).isEqualTo(settings);
      assertThat(settings.forSampler(false)).isEqualTo(settings);
    }
    assertThatThrownBy(() -> Settings.of(auto).set("rolloutCorrectionThreshold", 0.5).build())
        .hasMessageContaining("rolloutCorrectionThreshold must be at least 1, was 0.5");
  }

  @Test
  void aWeightIsHeldOrMaskedAtTheThreshold() {
    double old = Math.log(0.6);
    for (double sampler : new double[] {0.9, 0.6, 0.31, 0.29}) {
      double ratio = 0.6 / sampler;
      double logprob = Math.log(sampler);
      assertThat(RolloutCorrection.NONE.weight(old, logprob, 2)).isEqualTo(1);
      assertThat(RolloutCorrection.TRUNCATE.weight(old, logprob, 2))
          .isCloseTo(Math.min(2, ratio), within(1e-12));
      assertThat(RolloutCorrection.MASK.weight(old, logprob, 2))
          .isCloseTo(ratio > 2 ? 0 : ratio, within(1e-12));
      assertThat(RolloutCorrection.MASK.limits(old, logprob, 2)).isEqualTo(ratio > 2);
      assertThat(RolloutCorrection.NONE.limits(old, logprob, 2)).isFalse();
    }
  }

  @Test
  void overlongFilteringLeavesOutWhatWasCut() {
    LossSettings filtering = Settings.of(LossSettings.class).set("overlongFiltering", true).build();
    double[] zeros = new double[2];
    SegmentNode chosen = new SegmentNode(1, 0, new int[] {2, 3}, zeros, zeros, zeros);
    for (FinishReason finish : FinishReason.values()) {
      Trajectory trajectory = new Trajectory(1, finish, 0);
      boolean cut = finish == FinishReason.MAX_DEPTH || finish == FinishReason.MAX_RESPONSE_TOKENS;
      RolloutTree tree = new RolloutTree("p", new int[] {1}, List.of(chosen), List.of(trajectory));
      assertThat(filtering.takesPart(tree, trajectory)).isEqualTo(!cut);
      assertThat(LossSettings.defaults().takesPart(tree, trajectory)).isTrue();
    }
  }
}
