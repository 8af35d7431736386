package org.treepo4j.rl.advantage;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.treepo4j.rl.advantage.AdvantageBreakdown.GroupComparison;
import org.treepo4j.rollout.RolloutTree;

/**
 * Segment progress (recipe {@code tree_segment…}): a segment's advantage is what it adds to the
 * value of its parent. A leaf is worth the mean of {@code R − mean(sub-group)} over all its
 * sub-groups from the prompt to itself, weighted by their sizes; an inner node the mean of its
 * children; the root 0. Whitened over the batch's response tokens.
 *
 * @param eta when positive, the parent's value counts {@code eta^(L − k)} for the node of depth
 *     {@code k} on a path of {@code L} nodes, the root included; 0 turns this off
 */
public record SegmentProgressEstimator(double eta) implements AdvantageEstimator.Explaining {

  public SegmentProgressEstimator {
    if (!(eta >= 0) || Double.isInfinite(eta)) {
      throw new IllegalArgumentException("eta must be zero or a positive number, was " + eta);
    }
  }

  @Override
  public List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch) {
    return Whitening.whiten(TrajectoryGroups.of(batch).stream().map(this::ofTree).toList());
  }

  private List<AdvantageBreakdown> ofTree(TrajectoryGroups tree) {
    List<List<GroupComparison>> comparisons = new ArrayList<>();
    double[] outcomes = new double[tree.trajectories()];
    for (int i = 0; i < outcomes.length; i++) {
      List<GroupComparison> all = comparisons(tree, i);
      comparisons.add(all);
      double sum = 0;
      double sizes = 0;
      for (GroupComparison comparison : all) {
        sum += comparison.size() * comparison.difference();
        sizes += comparison.size();
      }
      outcomes[i] = sum / sizes;
    }
    NodeValues values = new NodeValues(tree, outcomes);
    return IntStream.range(0, outcomes.length)
        .mapToObj(i -> tree.breakdown(i, comparisons.get(i), values.advantages(i, eta)))
        .toList();
  }

  private static List<GroupComparison> comparisons(TrajectoryGroups tree, int trajectory) {
    return IntStream.rangeClosed(0, tree.depth(trajectory))
        .mapToObj(depth -> tree.comparison(trajectory, depth, true))
        .toList();
  }
}
