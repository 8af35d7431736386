package example;

import java.util.Arrays;
import java.util.Set;
import org.treepo4j.laws.EstimatorLaws;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rollout.RolloutTree;

/** An estimator of one's own: a response against the middle of the best and the worst reward. */
class MidrangeTest implements EstimatorLaws {
  @Override
  public AdvantageEstimator estimator() {
    return batch -> batch.stream().map(MidrangeTest::ofTree).toArray(double[][][]::new);
  }

  @Override
  public Set<Claim> claims() {
    return Set.of(Claim.SHIFT_INVARIANT, Claim.PROPORTIONAL);
  }

  private static double[][] ofTree(RolloutTree tree) {
    var rewards = tree.trajectories().stream().mapToDouble(t -> t.reward()).summaryStatistics();
    double middle = (rewards.getMin() + rewards.getMax()) / 2;
    return tree.trajectories().stream()
        .map(
            trajectory -> {
              double[] tokens = new double[tree.responseLength(trajectory)];
              Arrays.fill(tokens, trajectory.reward() - middle);
              return tokens;
            })
        .toArray(double[][]::new);
  }
}
