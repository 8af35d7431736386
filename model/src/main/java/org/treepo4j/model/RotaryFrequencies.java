package org.treepo4j.model;

import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;

/**
 * Angles by which rotary position embedding (Su et al. 2021) turns the pairs of a head from one
 * position to the next: {@code theta^(-2i/headDim)}, changed as the configuration's scaling says.
 */
public final class RotaryFrequencies {

  private RotaryFrequencies() {}

  /** Radians per position, {@code [headDim/2]}. */
  public static double[] of(Weights weights) {
    ModelConfig config = weights.config();
    double[] frequencies = new double[config.headDim() / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double frequency = Math.pow(config.ropeTheta(), -2.0 * i / config.headDim());
      double scaled = scaled(frequency, i, config.ropeScaling());
      frequencies[i] = weights.rotaryPrecision().round(scaled);
    }
    return frequencies;
  }

  private static double scaled(double frequency, int pair, RopeScaling scaling) {
    if (scaling instanceof RopeScaling.Linear linear) {
      return frequency / linear.factor();
    }
    if (scaling instanceof RopeScaling.Llama3 llama3) {
      double turns = llama3.originalMaxPositions() * frequency / (2 * Math.PI);
      double blend =
          (turns - llama3.lowFreqFactor()) / (llama3.highFreqFactor() - llama3.lowFreqFactor());
      double kept = Math.max(0, Math.min(1, blend));
      return kept * frequency + (1 - kept) * frequency / llama3.factor();
    }
    if (scaling instanceof RopeScaling.Factors each) {
      return frequency / each.factors().get(pair);
    }
    return frequency;
  }
}
