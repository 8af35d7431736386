package org.treepo4j.laws;

import java.util.Map;
import java.util.Set;
import net.jqwik.api.Group;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.advantage.AdvantageEstimators;

/** The laws on every estimator of ours, with what its page claims. */
class EstimatorsTest {
  private static final Set<EstimatorLaws.Claim> WHITENED =
      Set.of(
          EstimatorLaws.Claim.SHIFT_INVARIANT,
          EstimatorLaws.Claim.SCALE_FREE,
          EstimatorLaws.Claim.WHITENED);
  private static final Set<EstimatorLaws.Claim> PLAIN =
      Set.of(EstimatorLaws.Claim.SHIFT_INVARIANT, EstimatorLaws.Claim.PROPORTIONAL);

  private static AdvantageEstimator named(String name, String... options) {
    return options.length == 0
        ? AdvantageEstimators.create(name, Map.of())
        : AdvantageEstimators.create(name, Map.of(options[0], options[1]));
  }

  @Group
  class TreePo implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return named("treepo");
    }

    @Override
    public Set<Claim> claims() {
      return WHITENED;
    }
  }

  @Group
  class TreePoBySize extends TreePo {
    @Override
    public AdvantageEstimator estimator() {
      return named("treepo", "weighting", "group_size");
    }
  }

  @Group
  class TreePoWithRejection extends TreePo {
    @Override
    public AdvantageEstimator estimator() {
      return named("treepo", "subgroup-rejection", "true");
    }
  }

  @Group
  class TreePoByPrefixes extends TreePo {
    @Override
    public AdvantageEstimator estimator() {
      return named("treepo", "subgroups", "prefixes");
    }
  }

  @Group
  class SegmentProgress extends TreePo {
    @Override
    public AdvantageEstimator estimator() {
      return named("segment-progress");
    }
  }

  @Group
  class SegmentProgressWithEta extends TreePo {
    @Override
    public AdvantageEstimator estimator() {
      return named("segment-progress", "eta", "0.9");
    }
  }

  @Group
  class ReinforceBaseline extends TreePo {
    @Override
    public AdvantageEstimator estimator() {
      return named("reinforce++-baseline");
    }
  }

  @Group
  class TreeGrpo implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return named("tree-grpo");
    }

    @Override
    public Set<Claim> claims() {
      return Set.of(Claim.SHIFT_INVARIANT, Claim.SCALE_FREE, Claim.ZERO_SUM);
    }
  }

  @Group
  class TreeRl implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return named("treerl");
    }

    @Override
    public Set<Claim> claims() {
      return PLAIN;
    }
  }

  @Group
  class Spo implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return named("spo", "probability-mask", "1");
    }

    @Override
    public Set<Claim> claims() {
      return PLAIN;
    }
  }

  @Group
  class SpoWithMask extends Spo {
    @Override
    public AdvantageEstimator estimator() {
      return named("spo", "probability-mask", "0.3");
    }
  }

  @Group
  class SpoWithDeviation implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return named("spo", "sibling-deviation", "true");
    }
  }

  /** An only child keeps its value, which a shift moves. */
  @Group
  class SpoRecipe implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return named("spo-recipe");
    }

    @Override
    public Set<Claim> claims() {
      return Set.of();
    }
  }

  @Group
  class Grpo implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return named("grpo");
    }

    @Override
    public Set<Claim> claims() {
      return Set.of(Claim.SHIFT_INVARIANT, Claim.SCALE_FREE, Claim.ZERO_SUM);
    }
  }

  @Group
  class DrGrpo implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return named("grpo", "std", "false");
    }

    @Override
    public Set<Claim> claims() {
      return Set.of(Claim.SHIFT_INVARIANT, Claim.PROPORTIONAL, Claim.ZERO_SUM);
    }
  }

  @Group
  class Rloo extends DrGrpo {
    @Override
    public AdvantageEstimator estimator() {
      return named("rloo");
    }
  }
}
