package org.treepo4j.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Times of one step done over and over. The first 60 % of the time, and at least the first few
 * steps, are warm-up, since the JVM compiles meanwhile. Of steps that take longer than everything
 * the first is warm-up and the next two are measured.
 *
 * @param median seconds of a typical step after the warm-up
 * @param best seconds of the shortest
 */
public record StepTimes(double median, double best) {
  private static final double WARM_UP = 0.6;

  /** Steps that warm up and steps that are timed even when the time is over. */
  private static final int FEWEST = 4;

  /** The same for steps so long that the first takes all the time. */
  private static final int FEWEST_LONG = 2;

  /**
   * @param seconds time to spend, about
   * @param step what is timed
   */
  public static StepTimes measure(double seconds, Runnable step) {
    return measure(seconds, step, System::nanoTime);
  }

  /**
   * @param clock nanoseconds
   */
  static StepTimes measure(double seconds, Runnable step, LongSupplier clock) {
    long start = clock.getAsLong();
    List<Double> times = new ArrayList<>();
    int warmUp = FEWEST;
    int fewest = FEWEST;
    for (int steps = 0; ; steps++) {
      double begun = seconds(clock.getAsLong() - start);
      step.run();
      double ended = seconds(clock.getAsLong() - start);
      if (steps == 0 && ended > seconds) {
        warmUp = 1;
        fewest = FEWEST_LONG;
      }
      if (steps >= warmUp && begun >= seconds * WARM_UP) {
        times.add(ended - begun);
      }
      if (ended >= seconds && times.size() >= fewest) {
        Collections.sort(times);
        return new StepTimes(times.get((times.size() - 1) / 2), times.get(0));
      }
    }
  }

  private static double seconds(long nanoseconds) {
    return nanoseconds / 1e9;
  }
}
