package org.treepo4j.rl.eval;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiPredicate;
import org.treepo4j.grading.AnswerGrader;
import org.treepo4j.grading.GradingException;
import org.treepo4j.rl.eval.TaskSamples.Sample;

/**
 * Whether the answer that most responses give is right. Answers are the same when the grader says
 * so; responses without an answer do not vote; a tie counts with the share of its right answers.
 */
final class MajorityVote {
  /** Draws of k responses, where there are more than k. */
  private static final int DRAWS = 200;

  private final BiPredicate<String, String> same;
  private final Set<List<String>> failed = new HashSet<>();

  MajorityVote(AnswerGrader grader) {
    this(grader::same);
  }

  MajorityVote(BiPredicate<String, String> same) {
    this.same = same;
  }

  /** Pairs of answers the grader failed on; they counted as different. */
  int failedComparisons() {
    return failed.size();
  }

  /**
   * The chance that the majority of k responses is right: exact for k = n, the mean of random draws
   * otherwise.
   *
   * @param k within 1..n
   */
  double chance(TaskSamples task, int k, long seed) {
    return chances(task, List.of(k), seed)[0];
  }

  /** The same for several k; answers are compared once. */
  double[] chances(TaskSamples task, List<Integer> sizes, long seed) {
    int[] groups = groups(task.samples());
    return sizes.stream().mapToDouble(k -> chance(task, groups, k, seed)).toArray();
  }

  private static double chance(TaskSamples task, int[] groups, int k, long seed) {
    int n = task.samples().size();
    if (k < 1 || k > n) {
      throw new IllegalArgumentException("k must be within 1.." + n + ", was " + k);
    }
    if (k == n) {
      return vote(task.samples(), groups, all(n), n);
    }
    SplittableRandom random = new SplittableRandom(seed ^ task.taskId().hashCode());
    int[] order = all(n);
    double sum = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
      for (int i = 0; i < k; i++) {
        int j = random.nextInt(i, n);
        int other = order[i];
        order[i] = order[j];
        order[j] = other;
      }
      sum += vote(task.samples(), groups, order, k);
    }
    return sum / DRAWS;
  }

  private static int[] all(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    return order;
  }

  /** The number of each response's answer, -1 for none; right and wrong ones never share one. */
  private int[] groups(List<Sample> samples) {
    List<Sample> firsts = new ArrayList<>();
    int[] groups = new int[samples.size()];
    for (int i = 0; i < groups.length; i++) {
      Sample sample = samples.get(i);
      groups[i] = sample.answer().isPresent() ? find(sample, firsts) : -1;
      if (groups[i] == firsts.size()) {
        firsts.add(sample);
      }
    }
    return groups;
  }

  private int find(Sample sample, List<Sample> firsts) {
    for (int g = 0; g < firsts.size(); g++) {
      Sample first = firsts.get(g);
      boolean same =
          sample.correct() == first.correct()
              && (sample.correct()
                  || same(sample.answer().orElseThrow(), first.answer().orElseThrow()));
      if (same) {
        return g;
      }
    }
    return firsts.size();
  }

  private boolean same(String answer, String other) {
    try {
      return same.test(answer, other);
    } catch (GradingException e) {
      failed.add(List.of(answer, other));
      return false;
    }
  }

  private static double vote(List<Sample> samples, int[] groups, int[] order, int k) {
    int[] votes = new int[samples.size()];
    boolean[] right = new boolean[samples.size()];
    int most = 0;
    for (int i = 0; i < k; i++) {
      int group = groups[order[i]];
      if (group >= 0) {
        most = Math.max(most, ++votes[group]);
        right[group] = samples.get(order[i]).correct();
      }
    }
    int winners = 0;
    int rightWinners = 0;
    for (int g = 0; g < votes.length && most > 0; g++) {
      winners += votes[g] == most ? 1 : 0;
      rightWinners += votes[g] == most && right[g] ? 1 : 0;
    }
    return winners == 0 ? 0 : (double) rightWinners / winners;
  }
}
