package org.treepo4j.rl.train;

import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SamplingSettings;
import org.treepo4j.rollout.SegmentNode;

/**
 * How far the log-probabilities recorded while sampling are from those of the training pass over
 * the same weights. Beyond rounding, sampling and training disagree about the policy.
 */
final class LogprobMismatch {
  private double sum;
  private long tokens;

  /**
   * Log-probabilities recorded while sampling that a training pass at the sampling temperature can
   * be compared with, by token of the token tree; NaN where truncation makes them another
   * distribution's. A token of several nodes has that of the first one; the others were sampled
   * behind the same tokens by the same policy, so theirs differ by rounding at most.
   */
  static float[] recorded(RolloutTree tree, SamplingSettings sampling) {
    float[] logprobs = new float[tree.toTokenTree().size()];
    boolean truncated = sampling.topK() > 0 || sampling.topP() < 1 || sampling.minP() > 0;
    for (int n = tree.nodes().size() - 1; n >= 0; n--) {
      SegmentNode node = tree.nodes().get(n);
      int[] indices = tree.tokenIndices(node);
      double[] values = sampling.temperature() == 1 ? node.modelLogprobs() : node.logprobs();
      for (int t = 0; t < values.length; t++) {
        logprobs[indices[t]] =
            truncated && sampling.temperature() != 1 ? Float.NaN : (float) values[t];
      }
    }
    return logprobs;
  }

  /**
   * @param recorded has the recorded log-probabilities as its old ones
   * @param computed by a training pass, {@code [unique token]}
   */
  void add(TrainingTree recorded, float[] computed) {
    boolean[] seen = new boolean[computed.length];
    for (int[] path : recorded.paths()) {
      for (int token : path) {
        if (!seen[token]) {
          seen[token] = true;
          sum += Math.abs((double) recorded.oldLogprobs()[token] - computed[token]);
          tokens++;
        }
      }
    }
  }

  /** Mean absolute difference in nats over unique response tokens. */
  double mean() {
    return sum / tokens;
  }
}
