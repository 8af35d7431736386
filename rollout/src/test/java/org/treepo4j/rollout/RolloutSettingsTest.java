package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.RecordComponent;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.rollout.RolloutSettings.DivergenceRange;
import org.treepo4j.rollout.RolloutSettings.TotalBudget;

class RolloutSettingsTest {
  private final Settings settings = new Settings();

  @Test
  void everySettingIsExplained() {
    for (Class<?> type :
        List.of(
            RolloutSettings.class,
            DivergenceRange.class,
            BudgetSettings.class,
            AllotmentSettings.class,
            FallbackSettings.class,
            SamplingSettings.class)) {
      for (RecordComponent component : type.getRecordComponents()) {
        assertThat(component.getAnnotation(Setting.class)).as("%s", component).isNotNull();
      }
    }
    assertThat(RolloutSettings.defaults().maxWidth()).isEqualTo(16);
  }

  @Test
  void badSettingsAreNamed() {
    settings.segmentLength = -3;
    refused("segmentLength must be positive, was -3");
    settings.segmentLength = 4;
    settings.repetitionCount = 1;
    refused("repetitionCount must be at least 2, was 1");
    settings.repetitionCount = 2;
    settings.minTrajectoryTokens = 17;
    refused("minTrajectoryTokens must be at most the longest response (16), was 17");
    settings.minTrajectoryTokens = 0;
    settings.totalBudget = TotalBudget.BY_RESPONSE_TOKENS;
    settings.minWidth = 9;
    refused("minWidth must be at most maxWidth (8), was 9");
    settings.topP = 0;
    refused("topP must be above 0 and at most 1, was 0.0");
    settings.topP = 1;
    settings.temperature = Double.NaN;
    refused("temperature must be within 0.0..1000000.0, was NaN");
    assertThatThrownBy(() -> new DivergenceRange(3, 2))
        .hasMessage("hi must be at least lo (3), was 2");
    assertThatThrownBy(() -> new BudgetSettings(null, 1, 1, 1, 0))
        .hasMessage("control must be given");
  }

  private void refused(String message) {
    assertThatThrownBy(settings::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
