package org.treepo4j.rollout;

import org.treepo4j.base.settings.Setting;

/** Children of the root in the first step; {@code rollout.initialDivergence.*}. */
public record DivergenceRange(
    @Setting(value = "Least number of paths from the root; 0 takes branching.", max = 4096) int lo,
    @Setting(
            value =
                "Greatest number of paths from the root, drawn uniformly for each prompt; only used"
                    + " when above branching, the paper's best is 2..8; recipe"
                    + " tree_random_first_div_max.",
            max = 4096)
        int hi) {

  /** No range: the first step diverges like every other. */
  public static DivergenceRange defaults() {
    return new DivergenceRange(0, 0);
  }

  public DivergenceRange {
    Checks.notNegative("lo", lo);
    Checks.atLeast("hi", hi, "lo", lo);
  }
}
