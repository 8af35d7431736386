package org.treepo4j.rl.eval;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.interval.ConfidenceInterval;
import org.apache.commons.math3.stat.interval.WilsonScoreInterval;

/** Confidence intervals of means over tasks. */
final class Intervals {
  private static final int RESAMPLES = 2000;

  private Intervals() {}

  /** Wilson's interval of a proportion, for one response per task. */
  public static Estimate wilson(int successes, int trials, double confidence) {
    if (trials <= 0) {
      throw new IllegalArgumentException("trials must be positive, was " + trials);
    }
    double share = (double) successes / trials;
    ConfidenceInterval interval =
        new WilsonScoreInterval().createInterval(trials, successes, confidence);
    return new Estimate(
        share,
        Math.max(0, Math.min(share, interval.getLowerBound())),
        Math.min(1, Math.max(share, interval.getUpperBound())));
  }

  /**
   * The bootstrap's percentile interval of a mean: tasks are drawn with replacement, their
   * responses stay together.
   *
   * @param values one per task, at least one
   */
  public static Estimate bootstrap(double[] values, double confidence, long seed) {
    if (values.length == 0) {
      throw new IllegalArgumentException("values must hold at least one");
    }
    double[] means = resampledMeans(values, seed);
    Percentile percentile = new Percentile();
    percentile.setData(means);
    double tail = (1 - confidence) / 2 * 100;
    return new Estimate(
        Arrays.stream(values).average().orElseThrow(),
        percentile.evaluate(tail),
        percentile.evaluate(100 - tail));
  }

  static double[] resampledMeans(double[] values, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] means = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) {
      double sum = 0;
      for (int j = 0; j < values.length; j++) {
        sum += values[random.nextInt(values.length)];
      }
      means[i] = sum / values.length;
    }
    return means;
  }
}
