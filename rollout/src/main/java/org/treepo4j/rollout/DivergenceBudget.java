package org.treepo4j.rollout;

import java.util.SplittableRandom;
import org.treepo4j.rollout.BudgetSettings.BudgetControl;
import org.treepo4j.rollout.RolloutSettings.DivergenceRange;
import org.treepo4j.rollout.RolloutSettings.RolloutKind;
import org.treepo4j.rollout.RolloutSettings.TotalBudget;

/**
 * How many children the steps of one prompt may give (algorithm page, 2.2), as arithmetic on
 * counts.
 *
 * <p>{@link BudgetControl#TOKEN_BUDGET} shares its tokens by the prompts of the whole batch, not by
 * those “still active” as the recipe does: prompts here are not in step with each other, and a tree
 * must not depend on how far others have come.
 */
final class DivergenceBudget {
  private final RolloutSettings settings;
  private final int prompts;
  private final SplittableRandom random;

  /**
   * @param prompts that share a token budget
   * @param random draws of this prompt
   */
  DivergenceBudget(RolloutSettings settings, int prompts, SplittableRandom random) {
    this.settings = settings;
    this.prompts = prompts;
    this.random = random;
  }

  /** Paths of the first step. */
  int initial() {
    if (settings.kind() == RolloutKind.INDEPENDENT) {
      return settings.maxWidth();
    }
    int bound = upperBound(0, 0, 0);
    DivergenceRange range = settings.initialDivergence();
    int wanted;
    if (settings.budget().control() != BudgetControl.TOKEN_BUDGET
        && range.hi() > settings.branching()) {
      int hi = Math.min(range.hi(), bound);
      int lo = Math.min(range.lo() > 0 ? range.lo() : settings.branching(), hi);
      wanted = random.nextInt(lo, hi + 1);
    } else {
      wanted = branching();
    }
    return Math.max(1, Math.min(wanted, bound));
  }

  /**
   * Children of one step.
   *
   * @param active active paths, at least one
   * @param finished trajectories finished so far
   * @param finishedInStep those of this step
   * @param finishedTokens response tokens of all finished
   * @param meanActiveTokens mean response length of the active paths
   */
  int step(
      int active, int finished, int finishedInStep, long finishedTokens, double meanActiveTokens) {
    if (settings.kind() == RolloutKind.INDEPENDENT) {
      return active;
    }
    int remaining = Math.max(upperBound(finished, finishedTokens, meanActiveTokens) - finished, 0);
    long wanted = branching();
    if (settings.budget().control() != BudgetControl.TOKEN_BUDGET) {
      wanted *= (long) active + finishedInStep;
    }
    return Math.max(active, (int) Math.min(remaining, wanted));
  }

  /** Trajectories a fallback may add; 0 ends the prompt. */
  int missing(int finished, long finishedTokens) {
    if (settings.kind() == RolloutKind.INDEPENDENT
        || settings.fallback().position() == FallbackPosition.NONE) {
      return 0;
    }
    int bound = settings.maxWidth();
    if (settings.totalBudget() == TotalBudget.BY_RESPONSE_TOKENS) {
      double mean = finished == 0 ? settings.segmentLength() : (double) finishedTokens / finished;
      long left = settings.maxResponseTokensPerPrompt() - finishedTokens;
      if (left < mean) {
        return 0;
      }
      bound = clampWidth((long) (left / mean) + finished);
    }
    return Math.max(bound - finished, 0);
  }

  /** Children of an active path, or of a donor. */
  int branching() {
    BudgetSettings budget = settings.budget();
    return switch (budget.control()) {
      case FIXED -> settings.branching();
      case RANDOM -> random.nextInt(budget.branchingLo(), budget.branchingHi() + 1);
      case TOKEN_BUDGET ->
          (int)
              Math.max(
                  1,
                  Math.min(
                      settings.maxWidth(),
                      budget.tokensPerStep() / prompts / settings.segmentLength()));
    };
  }

  /** The algorithm page's U. */
  private int upperBound(int finished, long finishedTokens, double meanActiveTokens) {
    if (settings.totalBudget() == TotalBudget.BY_TRAJECTORIES) {
      return settings.maxWidth();
    }
    double foreseen =
        (settings.maxResponseTokensPerPrompt() - finishedTokens)
            / (meanActiveTokens + settings.segmentLength());
    return clampWidth((long) Math.max(0, Math.floor(foreseen)) + finished);
  }

  private int clampWidth(long width) {
    return (int) Math.max(settings.minWidth(), Math.min(settings.maxWidth(), width));
  }
}
