package org.treepo4j.rl.advantage;

import java.util.BitSet;
import java.util.List;

/**
 * What the advantage of one trajectory is made of, for inspection and teaching.
 *
 * @param reward the trajectory's reward {@code R}
 * @param comparisons the sub-groups the trajectory was compared with, from the whole prompt group
 *     down; empty for estimators that compare siblings instead
 * @param segments the advantage of every segment before whitening, from the first below the prompt
 *     to the leaf
 * @param whitening the batch's last step, {@link Whitening#NONE} for estimators without one
 * @param masked response tokens, by number, that have no advantage whatever their segment's: the
 *     policy was given them, or the estimator leaves them out
 */
public record AdvantageBreakdown(
    double reward,
    List<GroupComparison> comparisons,
    List<SegmentAdvantage> segments,
    Whitening whitening,
    BitSet masked) {

  public AdvantageBreakdown {
    comparisons = List.copyOf(comparisons);
    segments = List.copyOf(segments);
    masked = (BitSet) masked.clone();
  }

  /** A copy. */
  @Override
  public BitSet masked() {
    return (BitSet) masked.clone();
  }

  /**
   * A trajectory against the trajectories that share its first segments.
   *
   * @param depth number of shared segments; 0 is the whole prompt group
   * @param node id of the last shared node; 0 is the prompt
   * @param size trajectories in the sub-group, this one included
   * @param mean their mean reward; 0 for a prompt group of one
   * @param difference {@code R − mean}
   * @param kept whether the estimator counts this comparison
   */
  public record GroupComparison(
      int depth, int node, int size, double mean, double difference, boolean kept) {}

  /**
   * One segment of the trajectory.
   *
   * @param depth 1 for the first segment below the prompt
   * @param node id of the segment's node
   * @param tokens length of the segment; every token that is not masked has the segment's advantage
   * @param learned how many of these the policy chose, which is what whitening counts
   * @param value what the estimator takes the node to be worth: the mean reward of the trajectories
   *     through it, or the node value of the segment estimators
   * @param raw the advantage before whitening
   */
  public record SegmentAdvantage(
      int depth, int node, int tokens, int learned, double value, double raw) {}

  /** The finished advantages, {@code [response token]}. */
  public double[] tokens() {
    double[] advantages = new double[segments.stream().mapToInt(SegmentAdvantage::tokens).sum()];
    int next = 0;
    for (SegmentAdvantage segment : segments) {
      double advantage = whitening.apply(segment.raw());
      for (int end = next + segment.tokens(); next < end; next++) {
        advantages[next] = masked.get(next) ? 0 : advantage;
      }
    }
    return advantages;
  }

  AdvantageBreakdown whitenedBy(Whitening other) {
    return new AdvantageBreakdown(reward, comparisons, segments, other, masked);
  }
}
