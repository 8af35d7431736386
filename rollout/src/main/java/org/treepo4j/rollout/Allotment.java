package org.treepo4j.rollout;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.treepo4j.rollout.BranchingPolicy.PathScores;

/**
 * Shares the children of one step among the active paths (algorithm page, 2.3). Log-probabilities
 * are those of the distribution sampled from. Uncertain-first gives more children to paths of low
 * log-probability, confident-first to paths of high.
 */
public enum Allotment implements BranchingPolicy {
  /** The same for each, the remainder to the last (recipe {@code fixed_avg}). */
  EVEN(0, path -> 0),
  /** By the sum over the response (recipe {@code logprob_weighted_div}). */
  CUMULATIVE_UNCERTAIN_FIRST(-1, PathScores::cumulativeLogprob),
  /** By the sum over the response (recipe {@code inverse_logprob_weighted_div}). */
  CUMULATIVE_CONFIDENT_FIRST(1, PathScores::cumulativeLogprob),
  /** By the mean over the response (recipe {@code norm_logprob_weighted_div}). */
  NORMALISED_UNCERTAIN_FIRST(-1, PathScores::normalisedLogprob),
  /** By the mean over the response (recipe {@code norm_inv_logprob_weighted_div}). */
  NORMALISED_CONFIDENT_FIRST(1, PathScores::normalisedLogprob),
  /** By the mean over the last segment (recipe {@code node_logprob_weighted_div}). */
  NODE_UNCERTAIN_FIRST(-1, PathScores::nodeLogprob),
  /** By the mean over the last segment (recipe {@code inverse_node_logprob_weighted_div}). */
  NODE_CONFIDENT_FIRST(1, PathScores::nodeLogprob),
  /** More for a higher mean step entropy of the last segment; ours. */
  ENTROPY(1, PathScores::nodeEntropy);

  private final int direction;
  private final ToDoubleFunction<PathScores> score;

  Allotment(int direction, ToDoubleFunction<PathScores> score) {
    this.direction = direction;
    this.score = score;
  }

  @Override
  public int[] children(List<PathScores> paths, int total, double temperature) {
    int[] children = new int[paths.size()];
    if (direction == 0) {
      Arrays.fill(children, total / children.length);
      children[children.length - 1] += total % children.length;
      return children;
    }
    double[] shares = shares(paths, temperature);
    int spare = total - children.length;
    int given = 0;
    double[] fractions = new double[children.length];
    for (int i = 0; i < children.length; i++) {
      int whole = (int) (shares[i] * spare);
      children[i] = 1 + whole;
      given += whole;
      fractions[i] = shares[i] * spare - whole;
    }
    int[] byFraction =
        IntStream.range(0, children.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -fractions[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int i = 0; i < spare - given; i++) {
      children[byFraction[i % byFraction.length]]++;
    }
    return children;
  }

  private double[] shares(List<PathScores> paths, double temperature) {
    double[] shares = paths.stream().mapToDouble(p -> direction * score.applyAsDouble(p)).toArray();
    double max = Arrays.stream(shares).max().orElse(0);
    Arrays.setAll(shares, i -> Math.exp((shares[i] - max) / temperature));
    double sum = Arrays.stream(shares).sum();
    Arrays.setAll(shares, i -> shares[i] / sum);
    return shares;
  }
}
