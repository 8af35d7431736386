package org.treepo4j.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Times of one step done over and over. The first 60 % of the time, and at least the first few
 * steps, are warm-up, since the JVM compiles meanwhile; a step that takes longer than everything is
 * measured once.
 *
 * @param median seconds of a typical step after the warm-up
 * @param best seconds of the shortest
 */
public record StepTimes(double median, double best) {
  private static final double WARM_UP = 0.6;

  /** Steps that warm up and steps that are timed even when the time is over. */
  private static final int FEWEST = 4;

  /** Times the given time after which one step must do. */
  private static final double TOO_LONG = 1.5;

  /**
   * @param seconds time to spend, about
   * @param step what is timed
   */
  public static StepTimes measure(double seconds, Runnable step) {
    long start = System.nanoTime();
    List<Double> times = new ArrayList<>();
    for (int steps = 0; ; steps++) {
      double begun = secondsSince(start);
      step.run();
      double ended = secondsSince(start);
      if (steps == 0 && ended > TOO_LONG * seconds) {
        return new StepTimes(ended, ended);
      }
      if (steps >= FEWEST && begun >= seconds * WARM_UP) {
        times.add(ended - begun);
      }
      if (ended >= seconds && times.size() >= FEWEST) {
        Collections.sort(times);
        return new StepTimes(times.get(times.size() / 2), times.get(0));
      }
    }
  }

  private static double secondsSince(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
