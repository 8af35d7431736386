package org.treepo4j.rl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.commons.math3.util.CombinatoricsUtils;
import org.junit.jupiter.api.Test;
import org.treepo4j.grading.AnswerGrader;
import org.treepo4j.grading.GradingException;
import org.treepo4j.rl.eval.TaskSamples.Sample;
import org.treepo4j.rollout.FinishReason;

class EvaluationReportTest {

  @Property(tries = 200)
  void passAtKIsTheShareOfDrawsWithARightResponse(
      @ForAll @IntRange(min = 1, max = 20) int n,
      @ForAll @IntRange(max = 20) int c,
      @ForAll @IntRange(min = 1, max = 20) int k) {
    int correct = Math.min(c, n);
    int drawn = Math.min(k, n);
    double wrong =
        n - correct < drawn ? 0 : CombinatoricsUtils.binomialCoefficientDouble(n - correct, drawn);
    double expected = 1 - wrong / CombinatoricsUtils.binomialCoefficientDouble(n, drawn);
    assertThat(PassAtK.unbiased(n, correct, drawn)).isCloseTo(expected, within(1e-12));
  }

  @Property(tries = 100)
  void wilsonHoldsTheShareAndStaysWithinZeroAndOne(
      @ForAll @IntRange(min = 1, max = 500) int trials, @ForAll @IntRange(max = 500) int hits) {
    int successes = Math.min(hits, trials);
    Estimate estimate = Intervals.wilson(successes, trials, 0.95);
    assertThat(estimate.low()).isBetween(0.0, estimate.value());
    assertThat(estimate.high()).isBetween(estimate.value(), 1.0);
  }

  @Property(tries = 100)
  void equalAnswersNeverGiveAnIntervalOfNoWidth(
      @ForAll @IntRange(min = 1, max = 300) int tasks, @ForAll @IntRange(max = 4) int quarters) {
    double value = quarters / 4.0;
    double[] values = new double[tasks];
    java.util.Arrays.fill(values, value);
    Estimate estimate = Intervals.bootstrap(List.of(values), 0, 1, 0.95, 1).get(0);
    assertThat(estimate.value()).isEqualTo(value);
    assertThat(estimate.high() - estimate.low()).isPositive();
    assertThat(estimate.low()).isBetween(0.0, value);
    assertThat(estimate.high()).isBetween(value, 1.0);
    Estimate difference = Intervals.bootstrap(List.of(values), -1, 1, 0.95, 1).get(0);
    assertThat(difference.high() - difference.low()).isPositive();
    if (quarters % 4 == 0) {
      Estimate wilson = Intervals.wilson((int) value * tasks, tasks, 0.95);
      assertThat(estimate.low()).isCloseTo(wilson.low(), within(1e-9));
      assertThat(estimate.high()).isCloseTo(wilson.high(), within(1e-9));
    }
  }

  @Test
  void wilsonGivesThePublishedExample() {
    // 8 of 10 at 95 %: 0.490 to 0.943 (Newcombe 1998).
    Estimate estimate = Intervals.wilson(8, 10, 0.95);
    assertThat(estimate.low()).isCloseTo(0.490, within(0.001));
    assertThat(estimate.high()).isCloseTo(0.943, within(0.001));
  }

  @Test
  void theMajorityIsCountedByMeaning() {
    MajorityVote vote = new MajorityVote(new AnswerGrader());
    TaskSamples half =
        task("t", sample("1/2", true), sample("0.5", true), sample("3", false), sample("4", false));
    assertThat(vote.chance(half, 4, 1)).isEqualTo(1);
    TaskSamples tie = task("t", sample("1/2", true), sample("3", false));
    assertThat(vote.chance(tie, 2, 1)).isEqualTo(0.5);
    TaskSamples wrong = task("t", sample("1/2", true), sample("6", false), sample("6.0", false));
    assertThat(vote.chance(wrong, 3, 1)).isZero();
    assertThat(vote.chance(wrong, 1, 1)).isCloseTo(1 / 3.0, within(0.15));
    assertThat(vote.chance(task("t", sample(null, false)), 1, 1)).isZero();
  }

  @Test
  void aComparisonTheGraderFailsOnIsCountedAndCostsNoReport() {
    MajorityVote vote =
        new MajorityVote(
            (a, b) -> {
              throw new GradingException(a, b, new IllegalStateException("oops"));
            });
    TaskSamples task = task("t", sample("1", true), sample("6", false), sample("6.0", false));
    assertThat(vote.chance(task, 3, 1)).isCloseTo(1 / 3.0, within(1e-12));
    assertThat(vote.chance(task, 2, 1)).isPositive();
    assertThat(vote.failedComparisons()).isOne();
  }

  @Test
  void reportsAccuracyLengthsReasonsAndCategories() {
    List<TaskSamples> tasks = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      boolean right = i % 4 != 0;
      tasks.add(
          new TaskSamples(
              "t" + i,
              i % 2 == 0 ? "even" : "odd",
              List.of(sample("1", right), sample("2", right && i % 4 == 1))));
    }
    EvaluationReport report = EvaluationReport.of(tasks, 7);
    assertThat(report.tasks()).isEqualTo(40);
    assertThat(report.samples()).isEqualTo(80);
    assertThat(report.passAtK().get(1).value()).isEqualTo(0.5);
    assertThat(report.passAtK().get(2).value()).isEqualTo(0.75);
    assertThat(report.passAtK().get(1).low()).isLessThan(0.5);
    assertThat(report.passAtK().get(1).high()).isGreaterThan(0.5);
    assertThat(report.majorityAtK()).containsOnlyKeys(2);
    assertThat(report.meanResponseTokens()).isEqualTo(10);
    assertThat(report.finishReasons()).containsEntry("EOS", 80);
    assertThat(report.categories().get("odd").tasks()).isEqualTo(20);
    assertThat(report.categories().get("odd").accuracy().value()).isEqualTo(0.75);
    assertThat(EvaluationReport.of(tasks, 7)).isEqualTo(report);
  }

  @Test
  void comparesTwoRunsTaskByTask() {
    List<TaskSamples> before = new ArrayList<>();
    List<TaskSamples> after = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      before.add(task("t" + i, sample("1", i < 40)));
      after.add(task("t" + i, sample("1", i < 60)));
    }
    RunComparison comparison = RunComparison.of(before, after, 3);
    assertThat(comparison.test()).isEqualTo(RunComparison.Test.MCNEMAR);
    assertThat(comparison.difference().value()).isCloseTo(0.2, within(1e-12));
    assertThat(comparison.better()).isEqualTo(20);
    assertThat(comparison.worse()).isZero();
    assertThat(comparison.pValue()).isCloseTo(2 * Math.pow(0.5, 20), within(1e-9));
    assertThat(RunComparison.of(before, before, 3).pValue()).isEqualTo(1);
    assertThatThrownBy(() -> RunComparison.of(before, List.of(), 3))
        .hasMessageContaining("in common");
  }

  @Test
  void theExactTestGivesThePublishedValue() {
    assertThat(RunComparison.mcNemar(8, 2)).isCloseTo(0.109375, within(1e-12));
  }

  private static TaskSamples task(String id, Sample... samples) {
    return new TaskSamples(id, "", List.of(samples));
  }

  private static Sample sample(String answer, boolean correct) {
    return new Sample("", Optional.ofNullable(answer), correct, 10, FinishReason.EOS);
  }
}
