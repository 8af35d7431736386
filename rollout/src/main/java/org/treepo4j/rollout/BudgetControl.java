package org.treepo4j.rollout;

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
