package org.treepo4j.laws;

import java.util.Arrays;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rollout.RolloutTree;

/** A wrong estimator and its tests: {@code docs/laws.md} shows what is between the marks. */
final class WrongEstimator {
  private WrongEstimator() {}

  // begin
  /** Every response against the mean of the others of its prompt. */
  static class LeaveOneOutTest implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return batch -> batch.stream().map(this::ofTree).toArray(double[][][]::new);
    }

    private double[][] ofTree(RolloutTree tree) {
      double[][] advantages = new double[tree.trajectories().size()][];
      double sum = tree.trajectories().stream().mapToDouble(t -> t.reward()).sum();
      for (int i = 0; i < advantages.length; i++) {
        double reward = tree.trajectories().get(i).reward();
        double others = (sum - reward) / advantages.length; // one of them is left out!
        advantages[i] = new double[tree.responseLength(tree.trajectories().get(i))];
        Arrays.fill(advantages[i], reward - others);
      }
      return advantages;
    }
  }
  // end
}
