package org.treepo4j.rl.data;

import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.DescriptiveStatistics;

/** Lengths of many texts, in characters or tokens. */
public record Lengths(int min, double mean, int median, int p95, int max) {

  /** Of one length each. */
  public static Lengths of(IntStream lengths) {
    return of(new DescriptiveStatistics(lengths.asDoubleStream().toArray()));
  }

  static Lengths of(DescriptiveStatistics values) {
    return values.getN() == 0
        ? new Lengths(0, 0, 0, 0, 0)
        : new Lengths(
            (int) values.getMin(),
            values.getMean(),
            (int) values.getPercentile(50),
            (int) values.getPercentile(95),
            (int) values.getMax());
  }
}
