package org.treepo4j.rl.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.inference.AlternativeHypothesis;
import org.apache.commons.math3.stat.inference.BinomialTest;

/**
 * Two evaluations on the same tasks, compared task by task.
 *
 * @param tasks how many tasks both have
 * @param accuracyBefore pass@1 of the first on these
 * @param accuracyAfter pass@1 of the second on these
 * @param difference after − before, with the paired bootstrap's interval
 * @param better tasks on which the second has the higher accuracy
 * @param worse tasks on which it has the lower one
 * @param test which test gave the p-value
 * @param pValue two-sided chance of a difference this large if there were none
 */
public record RunComparison(
    int tasks,
    double accuracyBefore,
    double accuracyAfter,
    Estimate difference,
    int better,
    int worse,
    Test test,
    double pValue) {
  private static final double CONFIDENCE = 0.95;

  /** The tests for paired results. */
  public enum Test {
    /** Exact, on the tasks that only one run solves: for one response per task. */
    MCNEMAR,
    /** Resampling the differences by task, centred: for several responses per task. */
    PAIRED_BOOTSTRAP
  }

  /**
   * Compares by task id.
   *
   * @throws IllegalArgumentException where the evaluations have no task in common
   */
  public static RunComparison of(List<TaskSamples> before, List<TaskSamples> after, long seed) {
    Map<String, TaskSamples> byId = new HashMap<>();
    before.forEach(task -> byId.put(task.taskId(), task));
    List<double[]> pairs = new ArrayList<>();
    boolean single = true;
    for (TaskSamples task : after) {
      TaskSamples earlier = byId.get(task.taskId());
      if (earlier != null) {
        pairs.add(new double[] {earlier.accuracy(), task.accuracy()});
        single &= earlier.samples().size() == 1 && task.samples().size() == 1;
      }
    }
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException("evaluations must have tasks in common, have none");
    }
    double[] differences = pairs.stream().mapToDouble(pair -> pair[1] - pair[0]).toArray();
    int better = (int) pairs.stream().filter(pair -> pair[1] > pair[0]).count();
    int worse = (int) pairs.stream().filter(pair -> pair[1] < pair[0]).count();
    Estimate difference = Intervals.bootstrap(List.of(differences), -1, 1, CONFIDENCE, seed).get(0);
    return new RunComparison(
        pairs.size(),
        pairs.stream().mapToDouble(pair -> pair[0]).average().orElseThrow(),
        pairs.stream().mapToDouble(pair -> pair[1]).average().orElseThrow(),
        difference,
        better,
        worse,
        single ? Test.MCNEMAR : Test.PAIRED_BOOTSTRAP,
        single ? mcNemar(better, worse) : pairedBootstrap(differences, difference.value(), seed));
  }

  /**
   * Without a difference, a task that only one run solves is as likely the one's as the other's.
   */
  static double mcNemar(int better, int worse) {
    return better + worse == 0
        ? 1
        : new BinomialTest()
            .binomialTest(better + worse, better, 0.5, AlternativeHypothesis.TWO_SIDED);
  }

  private static double pairedBootstrap(double[] differences, double observed, long seed) {
    double[] centred = new double[differences.length];
    for (int i = 0; i < centred.length; i++) {
      centred[i] = differences[i] - observed;
    }
    double[] means = Intervals.resampledMeans(List.of(centred), seed)[0];
    int extreme = 0;
    for (double mean : means) {
      extreme += Math.abs(mean) >= Math.abs(observed) - 1e-12 ? 1 : 0;
    }
    return (extreme + 1.0) / (means.length + 1.0);
  }
}
