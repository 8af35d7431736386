package org.treepo4j.rl.advantage;

import java.util.List;
import java.util.stream.IntStream;
import org.treepo4j.rl.advantage.AdvantageBreakdown.SegmentAdvantage;
import org.treepo4j.rollout.RolloutTree;

/**
 * TreeRL (arXiv 2506.11902): a node is worth the mean reward of the trajectories through it; a
 * segment's advantage is what it is better than the prompt (global) plus what it is better than its
 * parent (local), divided by the square root of the number of trajectories through it. Not
 * whitened.
 */
record TreeRlEstimator() implements AdvantageEstimator.Explaining {

  @Override
  public List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch) {
    return TrajectoryGroups.of(batch).stream()
        .map(
            tree ->
                IntStream.range(0, tree.trajectories())
                    .mapToObj(i -> tree.breakdown(i, List.of(), segments(tree, i)))
                    .toList())
        .toList();
  }

  private static List<SegmentAdvantage> segments(TrajectoryGroups tree, int trajectory) {
    double prompt = tree.group(trajectory, 0).mean();
    return IntStream.rangeClosed(1, tree.depth(trajectory))
        .mapToObj(
            depth -> {
              TrajectoryGroups.Group group = tree.group(trajectory, depth);
              double global = group.mean() - prompt;
              double local = group.mean() - tree.group(trajectory, depth - 1).mean();
              double advantage = (global + local) / Math.sqrt(group.size());
              return tree.segment(trajectory, depth, group.mean(), advantage);
            })
        .toList();
  }
}
