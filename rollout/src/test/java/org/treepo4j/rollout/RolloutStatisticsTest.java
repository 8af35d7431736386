package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.RolloutStatistics.DepthStatistics;

class RolloutStatisticsTest {
  private final RolloutStatistics one =
      new RolloutStatistics(
          1,
          4,
          30,
          60,
          24,
          6,
          1,
          Map.of(FinishReason.EOS, 3L, FinishReason.ANSWERED, 1L),
          2,
          1,
          3,
          List.of(new DepthStatistics(0, 10, 5), new DepthStatistics(4, 20, 30)),
          10,
          30,
          40,
          2);
  private final RolloutStatistics other =
      new RolloutStatistics(
          1,
          1,
          5,
          5,
          7,
          2,
          0,
          Map.of(FinishReason.EOS, 1L),
          0,
          0,
          0,
          List.of(new DepthStatistics(1, 5, 10)),
          5,
          5,
          5,
          1);

  @Test
  void statisticsAddUp() {
    RolloutStatistics both = one.plus(other);

    assertThat(both).isEqualTo(other.plus(one)).isEqualTo(both.plus(RolloutStatistics.NONE));
    assertThat(both.finishes()).isEqualTo(Map.of(FinishReason.EOS, 4L, FinishReason.ANSWERED, 1L));
    assertThat(both.depths())
        .containsExactly(new DepthStatistics(1, 15, 15), new DepthStatistics(4, 20, 30));
    assertThat(both.sharingRatio()).isEqualTo(35.0 / 65);
    assertThat(both.computedRatio()).isEqualTo(31.0 / 65);
    assertThat(both.computedPromptTokens()).isEqualTo(8);
    assertThat(both.seconds()).isEqualTo(3);
  }

  @Test
  void theMapHasStableNames() {
    Map<String, Number> map = one.toMap();

    assertThat(map.keySet())
        .containsExactly(
            "prompts",
            "trajectories",
            "sampled_tokens",
            "trajectory_tokens",
            "sharing_ratio",
            "computed_tokens",
            "computed_prompt_tokens",
            "computed_ratio",
            "response_tokens_mean",
            "dropped_paths",
            "finish_answered",
            "finish_unclosed_answer",
            "finish_eos",
            "finish_max_depth",
            "finish_max_response_tokens",
            "finish_repetition",
            "finish_unfinished",
            "fallbacks",
            "prompts_with_fallback",
            "trajectories_before_fallback_mean",
            "entropy",
            "decoder_steps",
            "idle_share",
            "sampling_seconds",
            "trajectories_per_second",
            "tokens_per_second",
            "sampled_tokens_per_second",
            "leaves_depth_1",
            "entropy_depth_1",
            "leaves_depth_2",
            "entropy_depth_2");
    assertThat(map)
        .containsEntry("sharing_ratio", 0.5)
        .containsEntry("computed_tokens", 24L)
        .containsEntry("computed_prompt_tokens", 6L)
        .containsEntry("computed_ratio", 0.4)
        .containsEntry("finish_eos", 3L)
        .containsEntry("idle_share", 0.25)
        .containsEntry("tokens_per_second", 30.0)
        .containsEntry("entropy_depth_2", 1.5);
    assertThat(RolloutStatistics.NONE.toMap()).containsEntry("sharing_ratio", 0.0);
  }
}
