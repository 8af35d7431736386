package org.treepo4j.rl.advantage;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.treepo4j.rl.advantage.AdvantageBreakdown.GroupComparison;
import org.treepo4j.rl.advantage.TrajectoryGroups.Group;
import org.treepo4j.rollout.RolloutTree;

/**
 * TreePO's advantage (arXiv 2508.17445, final form): a trajectory is compared with its sub-group at
 * every depth, the differences are averaged, the batch is whitened over its response tokens.
 *
 * <p>Depths run from 0 to one less than the depth of the batch's deepest leaf. Below the prompt
 * group, a sub-group of one says nothing and is left out; a chain of single children repeats its
 * sub-group once per depth, as in the authors' recipe.
 *
 * @param weighting how the differences of a trajectory are averaged
 * @param subgroupRejection whether sub-groups below the prompt whose rewards are all equal are left
 *     out (the authors found that this hurts)
 */
public record TreePoEstimator(Weighting weighting, boolean subgroupRejection)
    implements AdvantageEstimator.Explaining {

  /** How TreePO averages over depths. */
  public enum Weighting {
    /** Every depth counts the same. */
    AVERAGE,
    /** A depth counts by the size of the trajectory's sub-group there. */
    GROUP_SIZE
  }

  public TreePoEstimator {
    Objects.requireNonNull(weighting, "weighting");
  }

  @Override
  public List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch) {
    List<TrajectoryGroups> trees = TrajectoryGroups.of(batch);
    int deepest = trees.stream().mapToInt(TrajectoryGroups::depth).max().orElse(0);
    return Whitening.whiten(
        trees.stream()
            .map(
                tree ->
                    IntStream.range(0, tree.trajectories())
                        .mapToObj(i -> breakdown(tree, i, deepest - 1))
                        .toList())
            .toList());
  }

  private AdvantageBreakdown breakdown(TrajectoryGroups tree, int trajectory, int lastDepth) {
    List<GroupComparison> comparisons = new ArrayList<>();
    comparisons.add(tree.promptComparison(trajectory));
    for (int depth = 1; depth <= Math.min(lastDepth, tree.depth(trajectory)); depth++) {
      Group group = tree.group(trajectory, depth);
      boolean kept = group.size() > 1 && !(subgroupRejection && group.sameRewards());
      comparisons.add(tree.comparison(trajectory, depth, kept));
    }
    double sum = 0;
    double weights = 0;
    for (GroupComparison comparison : comparisons) {
      if (comparison.kept()) {
        double weight = weighting == Weighting.GROUP_SIZE ? comparison.size() : 1;
        sum += weight * comparison.difference();
        weights += weight;
      }
    }
    return tree.uniform(trajectory, comparisons, sum / weights);
  }
}
