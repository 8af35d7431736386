package org.treepo4j.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.aggregator.ArgumentsAccessor;
import org.junit.jupiter.params.provider.CsvSource;
import org.treepo4j.rl.advantage.TreePoEstimator.Subgroups;
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
    assertThat(AdvantageEstimators.create("treepo", Map.of("subgroups", "prefixes")))
        .isEqualTo(new TreePoEstimator(Weighting.AVERAGE, false, Subgroups.PREFIXES));
    assertThat(AdvantageEstimators.create("spo", Map.of())).isEqualTo(new SpoEstimator(false, 0.9));
    assertThat(
            AdvantageEstimators.create(
                "spo", Map.of("sibling-deviation", "true", "probability-mask", "1")))
        .isEqualTo(new SpoEstimator(true, 1));
  }

  @Test
  void optionsAreListedForHelp() {
    assertThat(AdvantageEstimators.options())
        .contains("subgroups=nodes|prefixes (treepo)", "std=true|false (grpo)");
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
            "estimator must be one of treepo, segment-progress, tree-grpo, treerl, spo, spo-recipe,"
                + " grpo, rloo, reinforce++-baseline, was ppo");
    assertThatThrownBy(() -> AdvantageEstimators.create("treepo", Map.of("eta", "1")))
        .hasMessage(
            "estimator treepo has no option eta; it has weighting, subgroup-rejection,"
                + " subgroups");
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
    assertThatThrownBy(() -> AdvantageEstimators.create("spo", Map.of("probability-mask", "0")))
        .hasMessage("probabilityMask must be above 0 and at most 1, was 0.0");
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

  /** docs/estimators: a and b below node 1, c and d below node 2; only a is right. */
  @ParameterizedTest
  @CsvSource({
    "treepo, , , 0.625, 0.625, -0.375, -0.375, -0.125, -0.125",
    "treepo, subgroup-rejection, true, 0.625, 0.625, -0.375, -0.375, -0.25, -0.25",
    "treepo, weighting, group_size, 0.6667, 0.6667, -0.3333, -0.3333, -0.1667, -0.1667",
    "segment-progress, , , 0.1429, 0.4286, 0.1429, -0.4286, -0.1429, 0",
    "tree-grpo, , , 2.2071, 2.2071, -1.2071, -1.2071, -0.5, -0.5",
    "treerl, , , 0.3536, 1.25, 0.3536, -0.75, -0.3536, -0.25",
    "spo, , , 0.25, 0.5, 0.25, -0.5, -0.25, 0",
    "spo, sibling-deviation, true, 1, 1, 1, -1, -1, 0",
    "spo-recipe, , , 1, 0, 1, -2, -1, 1",
    "grpo, , , 1.5, 1.5, -0.5, -0.5, -0.5, -0.5",
    "grpo, std, false, 0.75, 0.75, -0.25, -0.25, -0.25, -0.25",
    "rloo, , , 1, 1, -0.3333, -0.3333, -0.3333, -0.3333",
    "reinforce++-baseline, , , 0.75, 0.75, -0.25, -0.25, -0.25, -0.25"
  })
  void theExampleOfTheDocsBeforeWhitening(ArgumentsAccessor row) {
    String option = row.getString(1);
    AdvantageEstimator.Explaining estimator =
        AdvantageEstimators.create(
            row.getString(0), option == null ? Map.of() : Map.of(option, row.getString(2)));
    List<AdvantageBreakdown> explained = estimator.explain(List.of(example())).get(0);
    for (int trajectory = 0; trajectory < 4; trajectory++) {
      for (int segment = 0; segment < 2; segment++) {
        double expected = row.getDouble(3 + 2 * Math.min(trajectory, 2) + segment);
        assertThat(explained.get(trajectory).segments().get(segment).raw())
            .isCloseTo(expected, within(1e-4));
      }
    }
  }

  @Test
  void theExampleOfTheDocsWhitened() {
    double[][] treePo =
        new TreePoEstimator(Weighting.AVERAGE, false).advantages(List.of(example()))[0];
    assertThat(treePo[0]).containsOnly(new double[] {1.614}, within(1e-3));
    assertThat(treePo[1]).containsOnly(new double[] {-0.968}, within(1e-3));
    assertThat(treePo[3]).containsOnly(new double[] {-0.323}, within(1e-3));
    double[][] baseline =
        new ReinforcePlusPlusBaselineEstimator().advantages(List.of(example()))[0];
    assertThat(baseline[0]).containsOnly(new double[] {1.677}, within(1e-3));
    assertThat(baseline[1]).containsOnly(new double[] {-0.559}, within(1e-3));
  }

  private static RolloutTree example() {
    double[] none = new double[2];
    List<SegmentNode> nodes = new ArrayList<>();
    List<Trajectory> trajectories = new ArrayList<>();
    for (int node = 1; node <= 6; node++) {
      int parent = node <= 2 ? 0 : (node - 1) / 2;
      nodes.add(new SegmentNode(node, parent, new int[] {node, node}, none, none, none));
      if (parent > 0) {
        trajectories.add(new Trajectory(node, FinishReason.EOS, node == 3 ? 1 : 0));
      }
    }
    return new RolloutTree("q", new int[] {1}, nodes, trajectories);
  }

  @Test
  void noTreesGiveNoAdvantages() {
    for (String name : AdvantageEstimators.names()) {
      assertThat(AdvantageEstimators.create(name, Map.of()).advantages(List.of())).isEmpty();
    }
  }

  @Test
  void answersOfAnotherShapeOrWithoutNumbersAreNamed() {
    List<RolloutTree> batch = List.of(tree(0.5));
    double[][][] right = {{{1, -2}}};
    assertThat(checked(right, batch)).isSameAs(right);
    assertRefused(batch, null, "for the 1 trees, gave null");
    assertRefused(batch, new double[0][][], "for the 1 trees, gave them for 0");
    assertRefused(batch, new double[][][] {null}, "the 1 trajectories of prompt q, gave null");
    assertRefused(batch, new double[][][] {{}}, "1 trajectories of prompt q, gave them for 0");
    String leaf = "of the trajectory to leaf 1 of prompt q";
    assertRefused(batch, new double[][][] {{null}}, "the 2 response tokens " + leaf);
    assertRefused(batch, new double[][][] {{{1}}}, leaf + ", gave them for 1");
    assertRefused(batch, new double[][][] {{{1, Double.NaN}}}, "gave NaN for response token 1");
    assertRefused(
        batch, new double[][][] {{{Double.NEGATIVE_INFINITY, 1}}}, "gave -Infinity for response");
  }

  private static void assertRefused(List<RolloutTree> batch, double[][][] answer, String message) {
    assertThatThrownBy(() -> checked(answer, batch))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(message);
  }

  private static double[][][] checked(double[][][] answer, List<RolloutTree> batch) {
    AdvantageEstimator estimator = trees -> answer;
    return estimator.checked().advantages(batch);
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
