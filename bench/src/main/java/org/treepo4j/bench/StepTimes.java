package org.treepo4j.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * Times of one step done over and over. The first 60 % of the time, and at least the first few
 * steps, are warm-up, since the JVM compiles meanwhile. Where steps are so long that these few take
 * more than the given time, fewer warm up and fewer are timed; but the first one never is, since
 * most of it runs before anything is compiled.
 *
 * @param median seconds of a typical step after the warm-up
 * @param best seconds of the shortest
 */
public record StepTimes(double median, double best) {
  private static final double WARM_UP = 0.6;

  /** Steps that warm up and steps that are timed even when the time is over. */
  private static final int FEWEST = 4;

  /** Times the given time after which every step is timed, and as much time as given is enough. */
  private static final double TOO_LONG = 1.5;

  /**
   * @param seconds time to spend, about
   * @param step what is timed
   */
  public static StepTimes measure(double seconds, Runnable step) {
    return measure(seconds, step, () -> System.nanoTime() / 1e9);
  }

  /**
   * @param clock in seconds
   */
  static StepTimes measure(double seconds, Runnable step, DoubleSupplier clock) {
    double start = clock.getAsDouble();
    double timed = 0;
    List<Double> times = new ArrayList<>();
    for (int steps = 0; ; steps++) {
      double begun = clock.getAsDouble() - start;
      step.run();
      double ended = clock.getAsDouble() - start;
      boolean tooLong = steps > 0 && ended > TOO_LONG * seconds;
      if (tooLong || steps >= FEWEST && begun >= seconds * WARM_UP) {
        times.add(ended - begun);
        timed += ended - begun;
      }
      if (ended >= seconds && times.size() >= FEWEST || tooLong && timed >= seconds) {
        Collections.sort(times);
        return new StepTimes(times.get(times.size() / 2), times.get(0));
      }
    }
  }
}
