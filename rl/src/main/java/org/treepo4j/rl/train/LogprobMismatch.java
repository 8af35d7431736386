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
   * distribution's.
   */
  static float[] recorded(RolloutTree tree, SamplingSettings sampling) {
    float[] logprobs =
        new float[tree.promptTokens().length + Math.toIntExact(tree.sampledTokens())];
    boolean truncated = sampling.topK() > 0 || sampling.topP() < 1 || sampling.minP() > 0;
    int next = tree.promptTokens().length;
    for (SegmentNode node : tree.nodes()) {
      double[] values = sampling.temperature() == 1 ? node.modelLogprobs() : node.logprobs();
      for (double value : values) {
        logprobs[next++] = truncated && sampling.temperature() != 1 ? Float.NaN : (float) value;
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
