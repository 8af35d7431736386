package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

class KlPenaltyTest {

  @Test
  void everyTrajectoryLosesTheKlOfItsOwnTokens() {
    RolloutTree tree =
        new RolloutTree(
            "q",
            new int[] {1, 2},
            List.of(node(1, 0, 3, 4), node(2, 1, 5), node(3, 1, 6, 7)),
            List.of(
                new Trajectory(3, FinishReason.EOS, 1), new Trajectory(2, FinishReason.EOS, 0)));
    float[] old = {0, -1, -1, -2, -3, -1, -2};
    float[] reference = {0, -9, -2, -1, -1, -1, -4};
    RolloutTree lowered = new KlPenalty(KlEstimator.K1, 0.1).apply(tree, old, reference);
    assertThat(lowered.trajectories().get(0).reward())
        .isCloseTo(1 - 0.1 * (1 - 1 + 0 + 2), within(1e-9));
    assertThat(lowered.trajectories().get(1).reward())
        .isCloseTo(0 - 0.1 * (1 - 1 - 2), within(1e-9));
  }

  private static SegmentNode node(int id, int parent, int... tokens) {
    double[] none = new double[tokens.length];
    return new SegmentNode(id, parent, tokens, none, none, none);
  }
}
