package org.treepo4j.rl.advantage;

import java.util.Objects;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.rl.advantage.TreePoEstimator.Subgroups;
import org.treepo4j.rl.advantage.TreePoEstimator.Weighting;

/** Which advantage estimator training uses, and its options. */
public record AdvantageSettings(
    @Setting("name of the estimator; docs/estimators/README.md lists them") String estimator,
    @Setting(
            "treepo: average counts every depth the same, group_size by the size of the sub-group"
                + " (recipe adv_weight_strategy)")
        Weighting weighting,
    @Setting(
            "treepo: leave out sub-groups below the prompt whose rewards are all equal (recipe"
                + " subtree_std_ds)")
        boolean subgroupRejection,
    @Setting(
            "treepo: what a sub-group shares; nodes: segments of the tree, so siblings that sampled"
                + " the same text are two; prefixes: tokens, so they are one")
        Subgroups subgroups,
    @Setting(
            value =
                "segment-progress: a parent's value counts eta^(nodes on the path - depth); 0 counts it"
                    + " fully (recipe segtree_adv_eta)",
            max = 1e3)
        double eta,
    @Setting("spo: divide by the deviation of a segment's value among its siblings")
        boolean siblingDeviation,
    @Setting(
            "spo: tokens that the sampling policy gave at least this probability have no advantage;"
                + " 1 for every token")
        double probabilityMask,
    @Setting("grpo: divide by the group's standard deviation; false is Dr.GRPO") boolean std) {

  public AdvantageSettings {
    AdvantageEstimators.requireName(Objects.requireNonNull(estimator, "estimator"));
    Objects.requireNonNull(weighting, "weighting");
    Objects.requireNonNull(subgroups, "subgroups");
    if (!(eta >= 0) || Double.isInfinite(eta)) {
      throw new IllegalArgumentException("eta must be zero or a positive number, was " + eta);
    }
    if (!(probabilityMask > 0 && probabilityMask <= 1)) {
      throw new IllegalArgumentException(
          "probabilityMask must be above 0 and at most 1, was " + probabilityMask);
    }
  }

  /** TreePO's final form: plain average over depths, nothing rejected. */
  public static AdvantageSettings defaults() {
    return new AdvantageSettings(
        "treepo", Weighting.AVERAGE, false, Subgroups.NODES, 0, false, 0.9, true);
  }
}
