package org.treepo4j.model.bench;

import java.util.Arrays;

/**
 * Times of one step done over and over. The first 60 % of the time are warm-up, since the JVM
 * compiles meanwhile; a step that takes longer than everything is measured once.
 *
 * @param median seconds of a typical step after the warm-up
 * @param best seconds of the shortest
 */
record StepTimes(double median, double best) {
  private static final double WARM_UP = 0.6;
  private static final int MOST = 100_000;

  static StepTimes measure(double seconds, Runnable step) {
    long start = System.nanoTime();
    double[] times = new double[MOST];
    int count = 0;
    while (true) {
      long before = System.nanoTime();
      step.run();
      long after = System.nanoTime();
      double elapsed = (after - start) / 1e9;
      if (count == 0 || (before - start) / 1e9 < seconds * WARM_UP) {
        times[0] = (after - before) / 1e9;
        count = 1;
      } else if (count < MOST) {
        times[count++] = (after - before) / 1e9;
      }
      if (elapsed >= seconds || count == MOST) {
        break;
      }
    }
    double[] sorted = Arrays.copyOfRange(times, count > 1 ? 1 : 0, count);
    Arrays.sort(sorted);
    return new StepTimes(sorted[sorted.length / 2], sorted[0]);
  }
}
