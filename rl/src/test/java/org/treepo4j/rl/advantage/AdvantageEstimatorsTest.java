package org.treepo4j.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.treepo4j.rl.advantage.TreePoEstimator.Weighting;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

class AdvantageEstimatorsTest {

  @Test
  void optionsReachTheEstimator() {
    assertThat(
            AdvantageEstimators.create(
                "treepo", Map.of("weighting", "group_size", "subgroup-rejection", "true")))
        .isEqualTo(new TreePoEstimator(Weighting.GROUP_SIZE, true));
    assertThat(AdvantageEstimators.create("treepo", Map.of()))
        .isEqualTo(new TreePoEstimator(Weighting.AVERAGE, false));
    assertThat(AdvantageEstimators.create("segment-progress", Map.of("eta", "0.9")))
        .isEqualTo(new SegmentProgressEstimator(0.9));
    assertThat(AdvantageEstimators.create("grpo", Map.of("std", "false")))
        .isEqualTo(new GrpoEstimator(false));
  }

  @Test
  void everyNameMakesAnEstimator() {
    for (String name : AdvantageEstimators.names()) {
      assertThat(AdvantageEstimators.create(name, Map.of())).isNotNull();
    }
  }

  @Test
  void mistakesAreNamedWithWhatExists() {
    assertThatThrownBy(() -> AdvantageEstimators.create("ppo", Map.of()))
        .hasMessage(
            "estimator must be one of treepo, segment-progress, spo, grpo, rloo,"
                + " reinforce++-baseline, was ppo");
    assertThatThrownBy(() -> AdvantageEstimators.create("treepo", Map.of("eta", "1")))
        .hasMessage("estimator treepo has no option eta; it has weighting, subgroup-rejection");
    assertThatThrownBy(() -> AdvantageEstimators.create("rloo", Map.of("eta", "1")))
        .hasMessage("estimator rloo has no option eta; it has none");
    assertThatThrownBy(() -> AdvantageEstimators.create("grpo", Map.of("std", "yes")))
        .hasMessage("std must be true or false, was yes");
    assertThatThrownBy(() -> AdvantageEstimators.create("segment-progress", Map.of("eta", "x")))
        .hasMessage("eta must be a number, was x");
    assertThatThrownBy(() -> AdvantageEstimators.create("segment-progress", Map.of("eta", "-1")))
        .hasMessage("eta must be zero or a positive number, was -1.0");
    assertThatThrownBy(() -> AdvantageEstimators.create("treepo", Map.of("weighting", "size")))
        .hasMessage("weighting must be average or group_size, was size");
  }

  @Test
  void missingRewardsAreNamed() {
    RolloutTree tree = tree(Double.NaN);
    assertThatThrownBy(() -> new RlooEstimator().advantages(List.of(tree)))
        .hasMessage("reward of trajectory 0 of prompt q must be a finite number, was NaN");
  }

  @Test
  void aPromptGroupOfOneIsComparedWithZero() {
    List<RolloutTree> batch = List.of(tree(0.5));
    assertThat(new RlooEstimator().advantages(batch)[0][0]).containsOnly(0.5);
    assertThat(new GrpoEstimator(false).advantages(batch)[0][0]).containsOnly(0.5);
    assertThat(new GrpoEstimator(true).advantages(batch)[0][0])
        .containsOnly(new double[] {0.5 / (1 + 1e-6)}, within(1e-12));
    assertThat(
            new TreePoEstimator(Weighting.AVERAGE, false)
                .explain(batch)
                .get(0)
                .get(0)
                .segments()
                .get(0)
                .raw())
        .isEqualTo(0.5);
  }

  @Test
  void noTreesGiveNoAdvantages() {
    for (String name : AdvantageEstimators.names()) {
      assertThat(AdvantageEstimators.create(name, Map.of()).advantages(List.of())).isEmpty();
    }
  }

  private static RolloutTree tree(double reward) {
    double[] none = new double[2];
    return new RolloutTree(
        "q",
        new int[] {1},
        List.of(new SegmentNode(1, 0, new int[] {2, 3}, none, none, none)),
        List.of(new Trajectory(1, FinishReason.EOS, reward)));
  }
}
