package org.treepo4j.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * Times of one step done over and over, or of several in turns: what the machine does meanwhile, it
 * does to all of them, so their ratios hold where times do not. The first 60 % of the time, and at
 * least the first few rounds, are warm-up, since the JVM compiles meanwhile. Where rounds are so
 * long that these few take more than the given time, fewer warm up and fewer are timed; but the
 * first one never is, since most of it runs before anything is compiled.
 *
 * @param median seconds of a typical step after the warm-up
 * @param best seconds of the shortest
 */
public record StepTimes(double median, double best) {
  private static final double WARM_UP = 0.6;

  /** Rounds that warm up and rounds that are timed even when the time is over. */
  private static final int FEWEST = 4;

  /** Times the given time after which every round is timed, and as much time as given is enough. */
  private static final double TOO_LONG = 1.5;

  /**
   * @param seconds time to spend, about
   * @param step what is timed
   */
  public static StepTimes measure(double seconds, Runnable step) {
    return inTurns(seconds, List.of(step)).get(0);
  }

  /**
   * One of each step, then one of each again, and so on.
   *
   * @param secondsEach time to spend for each step, about
   * @param steps what is timed
   * @return the times of each
   */
  public static List<StepTimes> inTurns(double secondsEach, List<Runnable> steps) {
    return inTurns(secondsEach * steps.size(), steps, () -> System.nanoTime() / 1e9);
  }

  /**
   * @param seconds time to spend on all
   * @param clock in seconds
   */
  static List<StepTimes> inTurns(double seconds, List<Runnable> steps, DoubleSupplier clock) {
    double start = clock.getAsDouble();
    double timed = 0;
    List<List<Double>> times = new ArrayList<>();
    steps.forEach(step -> times.add(new ArrayList<>()));
    for (int rounds = 0; ; rounds++) {
      double begun = clock.getAsDouble() - start;
      double[] took = new double[steps.size()];
      double ended = begun;
      for (int i = 0; i < took.length; i++) {
        steps.get(i).run();
        double now = clock.getAsDouble() - start;
        took[i] = now - ended;
        ended = now;
      }
      boolean tooLong = rounds > 0 && ended > TOO_LONG * seconds;
      if (tooLong || rounds >= FEWEST && begun >= seconds * WARM_UP) {
        for (int i = 0; i < took.length; i++) {
          times.get(i).add(took[i]);
        }
        timed += ended - begun;
      }
      if (ended >= seconds && times.get(0).size() >= FEWEST || tooLong && timed >= seconds) {
        return times.stream().map(StepTimes::of).toList();
      }
    }
  }

  private static StepTimes of(List<Double> times) {
    Collections.sort(times);
    return new StepTimes(times.get(times.size() / 2), times.get(0));
  }
}
