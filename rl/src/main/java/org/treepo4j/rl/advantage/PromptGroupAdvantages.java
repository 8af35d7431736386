package org.treepo4j.rl.advantage;

import java.util.List;
import java.util.stream.IntStream;
import org.treepo4j.rl.advantage.AdvantageBreakdown.GroupComparison;
import org.treepo4j.rollout.RolloutTree;

/** Estimators that compare a trajectory with its prompt group only, before any whitening. */
final class PromptGroupAdvantages {

  /** The advantage of a trajectory from its difference to the group's mean. */
  @FunctionalInterface
  interface Scaling {
    /**
     * @param difference {@code R − mean}, or {@code R} in a group of one
     * @param rewards of the whole group
     */
    double advantage(double difference, double[] rewards);
  }

  private PromptGroupAdvantages() {}

  static List<List<AdvantageBreakdown>> of(List<RolloutTree> batch, Scaling scaling) {
    return TrajectoryGroups.of(batch).stream().map(tree -> ofTree(tree, scaling)).toList();
  }

  private static List<AdvantageBreakdown> ofTree(TrajectoryGroups tree, Scaling scaling) {
    double[] rewards = tree.rewards();
    return IntStream.range(0, rewards.length)
        .mapToObj(
            i -> {
              GroupComparison comparison = tree.promptComparison(i);
              double advantage = scaling.advantage(comparison.difference(), rewards);
              return tree.uniform(i, List.of(comparison), advantage);
            })
        .toList();
  }
}
