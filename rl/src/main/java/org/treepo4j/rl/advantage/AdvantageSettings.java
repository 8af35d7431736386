package org.treepo4j.rl.advantage;

import java.util.Objects;
import org.treepo4j.base.settings.Setting;
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
            "segment-progress: a parent's value counts eta^(nodes on the path - depth); 0 counts it"
                + " fully (recipe segtree_adv_eta)")
        double eta,
    @Setting("grpo: divide by the group's standard deviation; false is Dr.GRPO") boolean std) {

  public AdvantageSettings {
    AdvantageEstimators.requireName(Objects.requireNonNull(estimator, "estimator"));
    Objects.requireNonNull(weighting, "weighting");
    if (!(eta >= 0) || Double.isInfinite(eta)) {
      throw new IllegalArgumentException("eta must be zero or a positive number, was " + eta);
    }
  }

  /** TreePO's final form: plain average over depths, nothing rejected. */
  public static AdvantageSettings defaults() {
    return new AdvantageSettings("treepo", Weighting.AVERAGE, false, 0, true);
  }
}
