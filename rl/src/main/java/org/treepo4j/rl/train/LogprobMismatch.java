package org.treepo4j.rl.train;

import java.io.Serializable;
import java.util.Arrays;
import java.util.function.Function;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SamplingSettings;
import org.treepo4j.rollout.SegmentNode;

/**
 * How far the log-probabilities recorded while sampling are from those of the training pass over
 * the same weights. Beyond rounding, sampling and training disagree about the policy.
 *
 * @param sum of the absolute differences in nats over unique response tokens
 * @param tokens how many these are
 * @param sequenceSum of the absolute differences between whole responses
 * @param sequences how many these are
 */
public record LogprobMismatch(double sum, long tokens, double sequenceSum, long sequences)
    implements Serializable {

  /** Of no tree. */
  public static final LogprobMismatch NONE = new LogprobMismatch(0, 0, 0, 0);

  /**
   * Log-probabilities recorded while sampling that a training pass at the sampling temperature can
   * be compared with, by token of the token tree; NaN where truncation makes them another
   * distribution's. A token of several nodes has that of the first one; the others were sampled
   * behind the same tokens by the same policy, so theirs differ by rounding at most.
   */
  static float[] recorded(RolloutTree tree, SamplingSettings sampling) {
    if (sampling.temperature() == 1) {
      return byToken(tree, SegmentNode::modelLogprobs);
    }
    if (!sampling.truncates()) {
      return behaviour(tree);
    }
    float[] none = new float[tree.toTokenTree().size()];
    Arrays.fill(none, Float.NaN);
    return none;
  }

  /**
   * Log-probabilities under the distribution that tokens were sampled from, temperature, truncation
   * and the sampler's rounding included, by token of the token tree.
   */
  static float[] behaviour(RolloutTree tree) {
    return byToken(tree, SegmentNode::logprobs);
  }

  private static float[] byToken(RolloutTree tree, Function<SegmentNode, double[]> logprobs) {
    float[] byToken = new float[tree.toTokenTree().size()];
    for (int n = tree.nodes().size() - 1; n >= 0; n--) { // the first comes last and stays
      SegmentNode node = tree.nodes().get(n);
      int[] indices = tree.tokenIndices(node);
      double[] values = logprobs.apply(node);
      for (int t = 0; t < values.length; t++) {
        byToken[indices[t]] = (float) values[t];
      }
    }
    return byToken;
  }

  /**
   * @param recorded has the recorded log-probabilities as its old ones
   * @param computed by a training pass, {@code [unique token]}
   */
  static LogprobMismatch of(TrainingTree recorded, float[] computed) {
    boolean[] seen = new boolean[computed.length];
    double sum = 0;
    long tokens = 0;
    double sequenceSum = 0;
    for (int[] path : recorded.paths()) {
      double sequence = 0;
      for (int token : path) {
        double difference = (double) recorded.oldLogprobs()[token] - computed[token];
        sequence += difference;
        if (!seen[token]) {
          seen[token] = true;
          sum += Math.abs(difference);
          tokens++;
        }
      }
      sequenceSum += Math.abs(sequence);
    }
    return new LogprobMismatch(sum, tokens, sequenceSum, recorded.trajectories());
  }

  /** Both together. */
  public LogprobMismatch plus(LogprobMismatch next) {
    return new LogprobMismatch(
        sum + next.sum,
        tokens + next.tokens,
        sequenceSum + next.sequenceSum,
        sequences + next.sequences);
  }

  /** Mean absolute difference in nats over unique response tokens. */
  double perToken() {
    return sum / tokens;
  }

  /** Mean absolute difference in nats between the log-probabilities of whole responses. */
  double perSequence() {
    return sequenceSum / sequences;
  }
}
