package org.treepo4j.rl.run;

import org.treepo4j.base.settings.Setting;

/**
 * Learning rate by update: a linear warm-up from 0, then constant, or falling to {@code
 * minimumRatio} of the peak along a cosine or a line.
 */
public record LearningRateSchedule(
    @Setting(value = "highest learning rate (paper: 1e-6 for 7B)", max = 1) double peak,
    @Setting(value = "optimiser updates until the peak is reached (paper: 10)", max = 1e8)
        int warmupUpdates,
    @Setting("what follows the warm-up: constant, cosine or linear") Shape shape,
    @Setting("share of the peak left at the last update; for cosine and linear")
        double minimumRatio) {

  /** The course after the warm-up. */
  public enum Shape {
    CONSTANT,
    COSINE,
    LINEAR
  }

  public static LearningRateSchedule defaults() {
    return new LearningRateSchedule(1e-6, 10, Shape.CONSTANT, 0);
  }

  public LearningRateSchedule {
    if (!(peak > 0) || Double.isInfinite(peak)) {
      throw new IllegalArgumentException("peak must be positive, was " + peak);
    }
    if (warmupUpdates < 0) {
      throw new IllegalArgumentException(
          "warmupUpdates must not be negative, was " + warmupUpdates);
    }
    if (!(minimumRatio >= 0 && minimumRatio <= 1)) {
      throw new IllegalArgumentException("minimumRatio must be in 0..1, was " + minimumRatio);
    }
  }

  /**
   * The rate of one update.
   *
   * @param update 0 for the first
   * @param updates how many there will be
   */
  public double rate(long update, long updates) {
    if (update < warmupUpdates) {
      return peak * (update + 1) / warmupUpdates;
    }
    double left = Math.max(1, updates - warmupUpdates);
    double done = Math.min(1, (update - warmupUpdates) / left);
    double share =
        switch (shape) {
          case CONSTANT -> 1;
          case COSINE -> minimumRatio + (1 - minimumRatio) * 0.5 * (1 + Math.cos(Math.PI * done));
          case LINEAR -> minimumRatio + (1 - minimumRatio) * (1 - done);
        };
    return peak * share;
  }
}
