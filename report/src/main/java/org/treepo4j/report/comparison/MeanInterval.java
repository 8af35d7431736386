package org.treepo4j.report.comparison;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.moment.Mean;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;

/**
 * A mean over seeds with its 95 % confidence interval by Student's t, which holds for few seeds
 * where they are about normal.
 *
 * @param halfWidth the interval is mean ± halfWidth; NaN for a single seed
 */
record MeanInterval(double mean, double halfWidth) {
  private static final double ABOVE = 0.975;

  static MeanInterval of(double[] values) {
    double halfWidth = Double.NaN;
    if (values.length > 1) {
      double t = new TDistribution(null, values.length - 1.0).inverseCumulativeProbability(ABOVE);
      halfWidth = t * new StandardDeviation().evaluate(values) / Math.sqrt(values.length);
    }
    return new MeanInterval(new Mean().evaluate(values), halfWidth);
  }

  static MeanInterval of(List<FinishedRun> runs, ToDoubleFunction<FinishedRun> value) {
    return of(runs.stream().mapToDouble(value).toArray());
  }

  /** Whether zero lies outside the interval; never for a single seed. */
  boolean excludesZero() {
    return Math.abs(mean) > halfWidth;
  }

  /**
   * @param format of one number, as {@code %.1f}
   */
  String text(String format) {
    String middle = String.format(Locale.ROOT, format, mean);
    return Double.isNaN(halfWidth)
        ? middle
        : middle + " ± " + String.format(Locale.ROOT, format.replace("+", ""), halfWidth);
  }
}
