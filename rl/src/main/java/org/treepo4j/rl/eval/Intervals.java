package org.treepo4j.rl.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
  static Estimate wilson(int successes, int trials, double confidence) {
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
   * The bootstrap's percentile intervals of means: tasks are drawn with replacement, their
   * responses stay together. The same draws serve all rows, so a row has the interval it has alone.
   * Where all values of a row are equal the bootstrap has nothing to draw from and would claim
   * certainty; the interval is that of a proportion then, as for answers that are right or wrong.
   *
   * @param values {@code [row][task]}, at least one task
   * @param least the lowest value there could be
   * @param most the highest
   */
  static List<Estimate> bootstrap(
      List<double[]> values, double least, double most, double confidence, long seed) {
    double[][] means = resampledMeans(values, seed);
    double tail = (1 - confidence) / 2 * 100;
    List<Estimate> estimates = new ArrayList<>();
    for (int row = 0; row < means.length; row++) {
      double[] one = values.get(row);
      if (Arrays.stream(one).allMatch(value -> value == one[0])) {
        estimates.add(ofEqual(one[0], one.length, least, most, confidence));
        continue;
      }
      Percentile percentile = new Percentile();
      percentile.setData(means[row]);
      estimates.add(
          new Estimate(
              Arrays.stream(values.get(row)).average().orElseThrow(),
              percentile.evaluate(tail),
              percentile.evaluate(100 - tail)));
    }
    return estimates;
  }

  /** Wilson's interval of the share that {@code value} is of the way from least to most. */
  private static Estimate ofEqual(
      double value, int n, double least, double most, double confidence) {
    double range = most - least;
    double share = (value - least) / range;
    double z =
        new NormalDistribution(null, 0, 1).inverseCumulativeProbability((1 + confidence) / 2);
    double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * Math.sqrt(share * (1 - share) / n + z * z / (4.0 * n * n));
    return new Estimate(
        value,
        Math.max(least, Math.min(value, least + range * (middle - half))),
        Math.min(most, Math.max(value, least + range * (middle + half))));
  }

  /**
   * Means of resampled tasks.
   *
   * @param values {@code [row][task]}, at least one task
   * @return {@code [row][resample]}
   */
  static double[][] resampledMeans(List<double[]> values, long seed) {
    int tasks = values.get(0).length;
    if (tasks == 0) {
      throw new IllegalArgumentException("values must hold at least one task");
    }
    SplittableRandom random = new SplittableRandom(seed);
    double[][] means = new double[values.size()][RESAMPLES];
    int[] drawn = new int[tasks];
    for (int i = 0; i < RESAMPLES; i++) {
      for (int j = 0; j < tasks; j++) {
        drawn[j] = random.nextInt(tasks);
      }
      for (int row = 0; row < means.length; row++) {
        means[row][i] = mean(values.get(row), drawn);
      }
    }
    return means;
  }

  private static double mean(double[] values, int[] drawn) {
    double sum = 0;
    for (int task : drawn) {
      sum += values[task];
    }
    return sum / drawn.length;
  }
}
