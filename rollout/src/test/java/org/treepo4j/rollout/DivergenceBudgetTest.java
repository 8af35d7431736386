package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.BudgetSettings.BudgetControl;
import org.treepo4j.rollout.RolloutSettings.DivergenceRange;
import org.treepo4j.rollout.RolloutSettings.TotalBudget;

class DivergenceBudgetTest {
  private final Settings settings = new Settings();

  @Provide
  Arbitrary<RolloutCase> cases() {
    return RolloutCase.any();
  }

  @Property(tries = 500)
  void childrenNeverExceedWhatIsLeftOfTheWidth(
      @ForAll("cases") RolloutCase rollout,
      @ForAll @IntRange(min = 1, max = 12) int active,
      @ForAll @IntRange(min = 0, max = 12) int finished,
      @ForAll @DoubleRange(min = 1, max = 50) double meanTokens) {
    DivergenceBudget budget =
        new DivergenceBudget(rollout.settings().build(), 2, new SplittableRandom(1));
    int width = rollout.settings().maxWidth;

    assertThat(budget.initial()).isBetween(1, width);
    int children = budget.step(active, finished, finished, finished * 7L, meanTokens);
    assertThat(children).isGreaterThanOrEqualTo(active);
    if (children > active) {
      assertThat(children + finished).isLessThanOrEqualTo(width);
    }
    assertThat(budget.missing(finished, finished * 7L)).isBetween(0, width);
  }

  @Test
  void fixedPassesTheBudgetOfFinishedPathsOn() {
    settings.maxWidth = 16;

    assertThat(budget(1).initial()).isEqualTo(2);
    assertThat(budget(1).step(3, 1, 1, 0, 4)).isEqualTo(8);
    assertThat(budget(1).step(3, 1, 0, 0, 4)).isEqualTo(6);
    assertThat(budget(1).step(5, 9, 0, 0, 4)).isEqualTo(7);
    assertThat(budget(1).missing(9, 0)).isEqualTo(7);
  }

  @Test
  void initialDivergenceIsDrawnFromItsRange() {
    settings.maxWidth = 16;
    settings.initialDivergence = new DivergenceRange(3, 5);
    assertThat(initials()).containsExactly(3, 4, 5);

    settings.initialDivergence = new DivergenceRange(0, 4);
    assertThat(initials()).containsExactly(2, 3, 4);

    settings.branching = 4;
    assertThat(initials()).containsExactly(4);

    settings.branching = 2;
    settings.maxWidth = 3;
    settings.initialDivergence = new DivergenceRange(2, 8);
    assertThat(initials()).containsExactly(2, 3);
  }

  @Test
  void randomDrawsTheBranchingOfEachStep() {
    settings.maxWidth = 100;
    settings.budget = new BudgetSettings(BudgetControl.RANDOM, 1, 3, 1, 0);
    DivergenceBudget budget = budget(1);
    Set<Integer> totals = new TreeSet<>();
    for (int i = 0; i < 100; i++) {
      totals.add(budget.step(4, 5, 1, 0, 4));
    }
    assertThat(totals).containsExactly(5, 10, 15);
    assertThat(initials()).containsExactly(1, 2, 3);
  }

  @Test
  void tokenBudgetIsSharedByThePrompts() {
    settings.maxWidth = 16;
    settings.budget = new BudgetSettings(BudgetControl.TOKEN_BUDGET, 1, 1, 100, 0);

    // 100 tokens, 5 prompts, segments of 4.
    assertThat(budget(5).initial()).isEqualTo(5);
    assertThat(budget(5).step(3, 2, 1, 0, 4)).isEqualTo(5);
    assertThat(budget(5).step(7, 2, 1, 0, 4)).isEqualTo(7);
    assertThat(budget(50).initial()).isEqualTo(1);
    assertThat(budget(1).initial()).isEqualTo(16);
  }

  @Test
  void responseTokensBoundTheTrajectoriesForeseen() {
    settings.maxWidth = 16;
    settings.minWidth = 2;
    settings.branching = 8;
    settings.totalBudget = TotalBudget.BY_RESPONSE_TOKENS;
    settings.maxResponseTokensPerPrompt = 100;

    // U = floor((100 − 20) / (6 + 4)) + 2 = 10, so 8 remain.
    assertThat(budget(1).step(2, 2, 0, 20, 6)).isEqualTo(8);
    // U = max(0 + 0, minWidth) = 2.
    assertThat(budget(1).step(1, 0, 0, 0, 200)).isEqualTo(2);
    assertThat(budget(1).missing(4, 40)).isEqualTo(6);
    assertThat(budget(1).missing(4, 80)).isEqualTo(1);
    assertThat(budget(1).missing(4, 81)).isZero();
    settings.maxResponseTokensPerPrompt = 8;
    assertThat(budget(1).initial()).isEqualTo(2);
  }

  private DivergenceBudget budget(int prompts) {
    return new DivergenceBudget(settings.build(), prompts, new SplittableRandom(3));
  }

  private Set<Integer> initials() {
    Set<Integer> initials = new TreeSet<>();
    for (int seed = 0; seed < 100; seed++) {
      initials.add(new DivergenceBudget(settings.build(), 1, new SplittableRandom(seed)).initial());
    }
    return initials;
  }
}
