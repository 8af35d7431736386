package org.treepo4j.rl.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.treepo4j.grading.AnswerGrader;
import org.treepo4j.rl.eval.TaskSamples.Sample;

/**
 * What an evaluation found.
 *
 * @param tasks how many tasks
 * @param samples how many responses together
 * @param confidence of all intervals
 * @param passAtK chance that one of k is right, by k, for the powers of two up to the number of
 *     responses per task and that number; k = 1 is the accuracy
 * @param majorityAtK chance that the majority of k is right, by k
 * @param failedComparisons pairs of answers the grader failed on while it looked for the majority;
 *     they count as different
 * @param meanResponseTokens mean length of the responses
 * @param finishReasons responses by the reason they ended for
 * @param categories accuracy by category, for tasks that have one
 */
public record EvaluationReport(
    int tasks,
    int samples,
    double confidence,
    Map<Integer, Estimate> passAtK,
    Map<Integer, Estimate> majorityAtK,
    int failedComparisons,
    double meanResponseTokens,
    Map<String, Integer> finishReasons,
    Map<String, Category> categories) {
  private static final double CONFIDENCE = 0.95;

  /**
   * A row of the table by category.
   *
   * @param tasks how many tasks it has
   * @param accuracy their pass@1
   */
  public record Category(int tasks, Estimate accuracy) {}

  /**
   * The report on graded responses.
   *
   * @param tasks at least one
   * @param seed of the bootstrap and of draws for votes of fewer than all responses
   */
  public static EvaluationReport of(List<TaskSamples> tasks, long seed) {
    if (tasks.isEmpty()) {
      throw new IllegalArgumentException("tasks must hold at least one");
    }
    int smallest = tasks.stream().mapToInt(t -> t.samples().size()).min().orElseThrow();
    MajorityVote vote = new MajorityVote(new AnswerGrader());
    List<Integer> sizes = new ArrayList<>();
    for (int k = 2; k <= smallest; k = k == smallest ? k + 1 : Math.min(2 * k, smallest)) {
      sizes.add(k);
    }
    List<double[]> rows = new ArrayList<>(); // pass@k by k, then maj@k by k
    for (int k : sizes) {
      rows.add(
          tasks.stream()
              .mapToDouble(t -> PassAtK.unbiased(t.samples().size(), t.correct(), k))
              .toArray());
    }
    List<double[]> chances = tasks.stream().map(t -> vote.chances(t, sizes, seed)).toList();
    for (int i = 0; i < sizes.size(); i++) {
      int size = i;
      rows.add(chances.stream().mapToDouble(ofTask -> ofTask[size]).toArray());
    }
    List<Estimate> estimates =
        rows.isEmpty() ? List.of() : Intervals.bootstrap(rows, 0, 1, CONFIDENCE, seed);
    Map<Integer, Estimate> pass = new TreeMap<>();
    Map<Integer, Estimate> majority = new TreeMap<>();
    pass.put(1, accuracy(tasks, seed));
    for (int i = 0; i < sizes.size(); i++) {
      pass.put(sizes.get(i), estimates.get(i));
      majority.put(sizes.get(i), estimates.get(sizes.size() + i));
    }
    Map<String, Integer> reasons = new TreeMap<>();
    int samples = 0;
    long tokens = 0;
    for (TaskSamples task : tasks) {
      for (Sample sample : task.samples()) {
        samples++;
        tokens += sample.tokens();
        reasons.merge(sample.finish().name(), 1, Integer::sum);
      }
    }
    return new EvaluationReport(
        tasks.size(),
        samples,
        CONFIDENCE,
        pass,
        majority,
        vote.failedComparisons(),
        (double) tokens / samples,
        reasons,
        categories(tasks, seed));
  }

  private static Map<String, Category> categories(List<TaskSamples> tasks, long seed) {
    Map<String, List<TaskSamples>> byCategory = new TreeMap<>();
    for (TaskSamples task : tasks) {
      if (!task.category().isEmpty()) {
        byCategory.computeIfAbsent(task.category(), c -> new ArrayList<>()).add(task);
      }
    }
    Map<String, Category> categories = new TreeMap<>();
    byCategory.forEach(
        (name, members) ->
            categories.put(name, new Category(members.size(), accuracy(members, seed))));
    return categories;
  }

  /** Wilson's interval where every task has one response, the bootstrap over tasks otherwise. */
  private static Estimate accuracy(List<TaskSamples> tasks, long seed) {
    if (tasks.stream().allMatch(t -> t.samples().size() == 1)) {
      int correct = tasks.stream().mapToInt(TaskSamples::correct).sum();
      return Intervals.wilson(correct, tasks.size(), CONFIDENCE);
    }
    double[] accuracies = tasks.stream().mapToDouble(TaskSamples::accuracy).toArray();
    return Intervals.bootstrap(List.of(accuracies), 0, 1, CONFIDENCE, seed).get(0);
  }
}
