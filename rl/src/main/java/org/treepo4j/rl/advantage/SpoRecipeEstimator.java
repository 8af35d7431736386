package org.treepo4j.rl.advantage;

import java.util.List;
import java.util.stream.IntStream;
import org.treepo4j.rollout.RolloutTree;

/**
 * What the TreePO authors' recipe makes of segment policy optimisation ({@code segpo}): the value
 * of a node is the mean of its children, of a leaf its reward; values are standardised among
 * siblings (population standard deviation; 0 where all are equal; an only child keeps its value); a
 * segment's advantage is {@code V(node) − V(parent)} with the root at 0. Not whitened. {@link
 * SpoEstimator} is the SPO authors' own.
 */
record SpoRecipeEstimator() implements AdvantageEstimator.Explaining {

  @Override
  public List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch) {
    return TrajectoryGroups.of(batch).stream().map(SpoRecipeEstimator::ofTree).toList();
  }

  private static List<AdvantageBreakdown> ofTree(TrajectoryGroups tree) {
    NodeValues values = new NodeValues(tree, tree.rewards());
    values.standardiseSiblings();
    return IntStream.range(0, tree.trajectories())
        .mapToObj(i -> tree.breakdown(i, List.of(), values.advantages(i, 0)))
        .toList();
  }
}
