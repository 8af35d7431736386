package org.treepo4j.rl.advantage;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.treepo4j.rl.advantage.AdvantageBreakdown.SegmentAdvantage;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;

/**
 * Segment policy optimisation over trees (arXiv 2505.23564): a leaf is worth its reward, a node the
 * mean of its children, the prompt included; a segment's advantage is {@code V(node) − V(parent)}.
 * Only tokens the policy was not sure of get it. Not whitened.
 *
 * @param siblingDeviation whether the difference is divided by the population standard deviation of
 *     the node and its siblings; where all are equal it is 0 anyway
 * @param probabilityMask tokens of at least this probability under the policy that sampled have no
 *     advantage; 1 gives one to every token
 */
record SpoEstimator(boolean siblingDeviation, double probabilityMask)
    implements AdvantageEstimator.Explaining {

  SpoEstimator {
    if (!(probabilityMask > 0 && probabilityMask <= 1)) {
      throw new IllegalArgumentException(
          "probabilityMask must be above 0 and at most 1, was " + probabilityMask);
    }
  }

  @Override
  public List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch) {
    return batch.stream().map(this::ofTree).toList();
  }

  private List<AdvantageBreakdown> ofTree(RolloutTree rollout) {
    TrajectoryGroups tree = new TrajectoryGroups(rollout);
    NodeValues values = new NodeValues(tree, tree.rewards());
    values.valuePromptByItsChildren();
    return IntStream.range(0, tree.trajectories())
        .mapToObj(
            i ->
                new AdvantageBreakdown(
                    tree.reward(i),
                    List.of(),
                    advantages(tree, values, i),
                    Whitening.NONE,
                    sureOrGiven(rollout, tree, i)))
        .toList();
  }

  private List<SegmentAdvantage> advantages(TrajectoryGroups tree, NodeValues values, int i) {
    List<SegmentAdvantage> segments = new ArrayList<>();
    for (int depth = 1; depth <= tree.depth(i); depth++) {
      int parent = tree.node(i, depth - 1);
      double value = values.of(tree.node(i, depth));
      double difference = value - values.of(parent);
      if (siblingDeviation) {
        double deviation = values.deviationBelow(parent);
        difference = deviation == 0 ? 0 : difference / deviation;
      }
      segments.add(tree.segment(i, depth, value, difference));
    }
    return segments;
  }

  /** Response tokens whose probability reaches the threshold, and those the policy was given. */
  private BitSet sureOrGiven(RolloutTree rollout, TrajectoryGroups tree, int trajectory) {
    BitSet sure = tree.given(trajectory);
    if (probabilityMask == 1) {
      return sure;
    }
    double threshold = Math.log(probabilityMask);
    int next = 0;
    for (SegmentNode segment : tree.segments(trajectory)) {
      for (int t = 0; t < segment.tokens().length; t++) {
        double logprob = segment.modelLogprobs()[t];
        if (!segment.learned()[t]) {
          next++;
          continue;
        }
        if (Double.isNaN(logprob)) {
          throw new IllegalArgumentException(
              "modelLogprobs of node "
                  + segment.id()
                  + " of prompt "
                  + rollout.promptId()
                  + " must be there for a probability mask below 1");
        }
        sure.set(next++, logprob >= threshold);
      }
    }
    return sure;
  }
}
