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
 * @param subgroups what the trajectories of a sub-group share
 */
public record TreePoEstimator(Weighting weighting, boolean subgroupRejection, Subgroups subgroups)
    implements AdvantageEstimator.Explaining {

  /** How TreePO averages over depths. */
  public enum Weighting {
    /** Every depth counts the same. */
    AVERAGE,
    /** A depth counts by the size of the trajectory's sub-group there. */
    GROUP_SIZE
  }

  /** What the trajectories of a sub-group share. */
  public enum Subgroups {
    /** Nodes of the tree: siblings that sampled the same tokens are two sub-groups. */
    NODES,
    /**
     * Tokens: the sub-group at depth {@code j} holds all whose responses begin with the tokens of
     * the trajectory's first {@code j} segments. Sub-groups whose responses are all the same are
     * left out, as a leaf is with {@link #NODES}.
     */
    PREFIXES
  }

  public TreePoEstimator {
    Objects.requireNonNull(weighting, "weighting");
    Objects.requireNonNull(subgroups, "subgroups");
  }

  /** Sub-groups are {@link Subgroups#NODES}. */
  public TreePoEstimator(Weighting weighting, boolean subgroupRejection) {
    this(weighting, subgroupRejection, Subgroups.NODES);
  }

  @Override
  public List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch) {
    List<TrajectoryGroups> trees =
        batch.stream()
            .map(
                tree ->
                    subgroups == Subgroups.NODES
                        ? new TrajectoryGroups(tree)
                        : TrajectoryGroups.byPrefix(tree))
            .toList();
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
      boolean kept =
          tree.comparable(trajectory, depth) && !(subgroupRejection && group.sameRewards());
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
