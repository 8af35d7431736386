package org.treepo4j.model.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Times of one step done over and over. The first 60 % of the time are warm-up, since the JVM
 * compiles meanwhile; a step that takes longer than everything is measured once.
 *
 * @param median seconds of a typical step after the warm-up
 * @param best seconds of the shortest
 */
record StepTimes(double median, double best) {
  private static final double WARM_UP = 0.6;

  /** Steps that are made even when the time is over. */
  private static final int FEWEST = 3;

  /** Times the given time after which one step must do. */
  private static final double TOO_LONG = 4;

  static StepTimes measure(double seconds, Runnable step) {
    long start = System.nanoTime();
    List<Double> times = new ArrayList<>();
    int steps = 0;
    while (true) {
      double begun = secondsSince(start);
      step.run();
      double ended = secondsSince(start);
      steps++;
      if (steps > 1 && (begun >= seconds * WARM_UP || steps >= FEWEST)) {
        times.add(ended - begun);
      }
      if (steps == 1 && ended > TOO_LONG * seconds) {
        return new StepTimes(ended, ended);
      }
      if (ended >= seconds && steps >= FEWEST) {
        Collections.sort(times);
        return new StepTimes(times.get(times.size() / 2), times.get(0));
      }
    }
  }

  private static double secondsSince(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
