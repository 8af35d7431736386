package org.treepo4j.rollout;

import org.treepo4j.base.settings.Setting;

/** The divergence budget of a step; {@code rollout.budget.*}. */
public record BudgetSettings(
    @Setting(
            "FIXED, RANDOM or TOKEN_BUDGET: what bounds the children of one step; recipe"
                + " tree_divergence_budget_control.")
        BudgetControl control,
    @Setting(value = "RANDOM only: least branching drawn.", max = 4096) int branchingLo,
    @Setting(value = "RANDOM only: greatest branching drawn.", max = 4096) int branchingHi,
    @Setting(
            value = "TOKEN_BUDGET only: tokens one step may sample for all prompts of the batch.",
            max = 1L << 40)
        long tokensPerStep,
    @Setting(
            value =
                "TOKEN_BUDGET only: prompts that share tokensPerStep; 0 takes the prompts of the call,"
                    + " so that trees then depend on how many these are.",
            max = 1 << 14)
        int prompts) {

  public static BudgetSettings defaults() {
    return new BudgetSettings(BudgetControl.FIXED, 2, 4, 131_072, 0);
  }

  /** Branching drawn anew at every step. */
  public static BudgetSettings random(int branchingLo, int branchingHi) {
    BudgetSettings other = defaults();
    return new BudgetSettings(
        BudgetControl.RANDOM, branchingLo, branchingHi, other.tokensPerStep(), other.prompts());
  }

  public BudgetSettings {
    Checks.present("control", control);
    Checks.positive("branchingLo", branchingLo);
    Checks.atLeast("branchingHi", branchingHi, "branchingLo", branchingLo);
    Checks.positive("tokensPerStep", tokensPerStep);
    Checks.notNegative("prompts", prompts);
  }

  /** How many children one step may give to the active paths of a prompt (algorithm page, 2.2). */
  public enum BudgetControl {
    /**
     * {@code branching} for each active path, and as many for each path that just finished (recipe
     * {@code by_fixed_div}).
     */
    FIXED,
    /**
     * As {@link #FIXED}, with the branching drawn anew for each step and each donor from {@code
     * branchingLo..branchingHi} (recipe {@code by_random_div_LOtoHI}).
     */
    RANDOM,
    /**
     * A number of tokens per step for the whole batch, shared evenly by its prompts (recipe {@code
     * by_infer_step_token_budget}).
     */
    TOKEN_BUDGET
  }
}
