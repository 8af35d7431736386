package org.treepo4j.rl.advantage;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.treepo4j.rl.advantage.AdvantageBreakdown.GroupComparison;
import org.treepo4j.rollout.RolloutTree;

/**
 * Tree-GRPO (arXiv 2509.21240): GRPO's standardised reward within the trajectory's own tree plus
 * the same within all trees of the prompt. A prompt has one tree here, so what hangs below each
 * child of the prompt stands for one of the paper's trees. A trajectory alone in such a sub-tree
 * has nothing to be compared with there; a prompt group of one has mean 0 and deviation 1, as in
 * {@link GrpoEstimator}. Not whitened.
 */
record TreeGrpoEstimator() implements AdvantageEstimator.Explaining {
  private static final double EPSILON = 1e-6;

  @Override
  public List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch) {
    return TrajectoryGroups.of(batch).stream()
        .map(
            tree ->
                IntStream.range(0, tree.trajectories()).mapToObj(i -> breakdown(tree, i)).toList())
        .toList();
  }

  private static AdvantageBreakdown breakdown(TrajectoryGroups tree, int trajectory) {
    GroupComparison all = tree.promptComparison(trajectory);
    double[] own =
        IntStream.range(0, tree.trajectories())
            .filter(other -> tree.node(other, 1) == tree.node(trajectory, 1))
            .mapToDouble(tree::reward)
            .toArray();
    GroupComparison subTree = tree.comparison(trajectory, 1, own.length > 1);
    double advantage = all.difference() / deviation(tree.rewards());
    if (subTree.kept()) {
      advantage += subTree.difference() / deviation(own);
    }
    return tree.uniform(trajectory, List.of(all, subTree), advantage);
  }

  private static double deviation(double[] rewards) {
    return (rewards.length == 1 ? 1 : Math.sqrt(StatUtils.variance(rewards))) + EPSILON;
  }
}
