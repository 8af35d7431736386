package org.treepo4j.rl.advantage;

import java.util.Objects;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.rl.advantage.TreePoEstimator.Weighting;

/** Which advantage estimator training uses, and its options. */
public record AdvantageSettings(
    @Setting("treepo, segment-progress, spo, grpo, rloo or reinforce++-baseline") String estimator,
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

  /** The estimator these settings describe; options of other estimators are not looked at. */
  public AdvantageEstimator create() {
    return switch (estimator) {
      case "treepo" -> new TreePoEstimator(weighting, subgroupRejection);
      case "segment-progress" -> new SegmentProgressEstimator(eta);
      case "spo" -> new SpoEstimator();
      case "grpo" -> new GrpoEstimator(std);
      case "rloo" -> new RlooEstimator();
      case "reinforce++-baseline" -> new ReinforcePlusPlusBaselineEstimator();
      default -> throw new IllegalStateException(estimator);
    };
  }
}
