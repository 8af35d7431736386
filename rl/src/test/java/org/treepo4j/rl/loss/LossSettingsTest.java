package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;

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

  private static LossSettings with(double clipLow, double dualClip, Aggregation aggregation) {
    return new LossSettings(
        clipLow, 0.28, dualClip, aggregation, 0, KlPlacement.NONE, KlEstimator.K3, 0, 0);
  }
}
