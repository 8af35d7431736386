package org.treepo4j.model;

import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;

/**
 * Angles by which rotary position embedding (Su et al. 2021) turns the pairs of a head from one
 * position to the next: {@code theta^(-2i/width)}, changed as the configuration's scaling says.
 */
public final class RotaryFrequencies {

  private RotaryFrequencies() {}

  /** Radians per position of the model's own rotary embedding, {@code [rotaryWidth/2]}. */
  public static double[] of(Weights weights) {
    ModelConfig config = weights.config();
    return of(weights, new Rotary(config.ropeTheta(), config.ropeScaling()));
  }

  /** Radians per position of one of the model's rotary embeddings, {@code [rotaryWidth/2]}. */
  public static double[] of(Weights weights, Rotary rotary) {
    int width = weights.config().rotaryWidth();
    double[] frequencies = new double[width / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double frequency = Math.pow(rotary.theta(), -2.0 * i / width);
      double scaled = scaled(frequency, i, width, rotary);
      frequencies[i] = weights.rotaryPrecision().round(scaled);
    }
    return frequencies;
  }

  /** What rotated queries and keys are multiplied by. */
  public static double attentionFactor(Rotary rotary) {
    if (rotary.scaling() instanceof RopeScaling.LongRope rope) {
      return rope.attentionFactor();
    }
    return rotary.scaling() instanceof RopeScaling.Yarn yarn ? yarn.attentionFactor() : 1;
  }

  private static double scaled(double frequency, int i, int width, Rotary rotary) {
    if (rotary.scaling() instanceof RopeScaling.Linear linear) {
      return frequency / linear.factor();
    }
    if (rotary.scaling() instanceof RopeScaling.Llama3 llama3) {
      double turns = llama3.originalMaxPositions() * frequency / (2 * Math.PI);
      double blend =
          (turns - llama3.lowFreqFactor()) / (llama3.highFreqFactor() - llama3.lowFreqFactor());
      double kept = Math.max(0, Math.min(1, blend));
      return kept * frequency + (1 - kept) * frequency / llama3.factor();
    }
    if (rotary.scaling() instanceof RopeScaling.Factors each) {
      return frequency / each.factors().get(i);
    }
    if (rotary.scaling() instanceof RopeScaling.LongRope rope) {
      return frequency / rope.shortFactors().get(i);
    }
    if (rotary.scaling() instanceof RopeScaling.Yarn yarn) {
      double low = border(yarn.betaFast(), width, rotary.theta(), yarn.originalMaxPositions());
      double high = border(yarn.betaSlow(), width, rotary.theta(), yarn.originalMaxPositions());
      low = Math.max(yarn.truncate() ? Math.floor(low) : low, 0);
      high = Math.min(yarn.truncate() ? Math.ceil(high) : high, width - 1);
      double span = low == high ? 0.001 : high - low;
      double divided = Math.max(0, Math.min(1, (i - low) / span));
      return (1 - divided) * frequency + divided * frequency / yarn.factor();
    }
    return frequency;
  }

  /** The pair that turns so many times in so many positions, as a fraction. */
  private static double border(double turns, int width, double theta, int positions) {
    return width * Math.log(positions / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
  }
}
