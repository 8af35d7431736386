package org.treepo4j.rl.eval;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.commons.math3.distribution.NormalDistribution;
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
   * responses stay together. Where all values are equal the bootstrap has nothing to draw from and
   * would claim certainty; the interval is that of a proportion then, as for answers that are right
   * or wrong.
   *
   * @param values one per task, at least one
   * @param least the lowest value there could be
   * @param most the highest
   */
  public static Estimate bootstrap(
      double[] values, double least, double most, double confidence, long seed) {
    if (values.length == 0) {
      throw new IllegalArgumentException("values must hold at least one");
    }
    if (Arrays.stream(values).allMatch(value -> value == values[0])) {
      return ofEqual(values[0], values.length, least, most, confidence);
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

  /** Wilson's interval of the share that {@code value} is of the way from least to most. */
  private static Estimate ofEqual(
      double value, int n, double least, double most, double confidence) {
    double range = most - least;
    double share = (value - least) / range;
    double z =
        new NormalDistribution(null, 0, 1).inverseCumulativeProbability((1 + confidence) / 2);
    double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
    double half =
        z / (1 + z * z / n) * Math.sqrt(share * (1 - share) / n + z * z / (4.0 * n * n));
    return new Estimate(
        value,
        Math.max(least, Math.min(value, least + range * (middle - half))),
        Math.min(most, Math.max(value, least + range * (middle + half))));
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
