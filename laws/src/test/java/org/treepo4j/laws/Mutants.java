package org.treepo4j.laws;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.rl.advantage.AdvantageBreakdown.SegmentAdvantage;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossResult;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.LossSettings.PolicyForm;
import org.treepo4j.rl.loss.TreeObjective;
import org.treepo4j.rollout.Allotment;
import org.treepo4j.rollout.BranchingPolicy;
import org.treepo4j.rollout.BranchingPolicy.PathScores;

/**
 * Parts of ours, each broken in three ways: a wrong sign, off by one, a normalisation that is
 * missing. {@link MutationTest} runs the laws on them.
 */
final class Mutants {
  private static final Set<EstimatorLaws.Claim> WHITENED =
      Set.of(
          EstimatorLaws.Claim.SHIFT_INVARIANT,
          EstimatorLaws.Claim.SCALE_FREE,
          EstimatorLaws.Claim.WHITENED);
  private static final Set<EstimatorLaws.Claim> SCORED =
      Set.of(
          EstimatorLaws.Claim.SHIFT_INVARIANT,
          EstimatorLaws.Claim.SCALE_FREE,
          EstimatorLaws.Claim.ZERO_SUM);

  /** How a part is broken. */
  enum Fault {
    SIGN,
    OFF_BY_ONE,
    NORMALISATION
  }

  /** One broken part. */
  record Mutant(String part, Fault fault, String what, Class<?> laws) {}

  static final List<Mutant> ALL =
      List.of(
          new Mutant("`treepo`", Fault.SIGN, "advantages negated", TreePoNegated.class),
          new Mutant(
              "`treepo`", Fault.OFF_BY_ONE, "advantages of the next trajectory", TreePoNext.class),
          new Mutant("`treepo`", Fault.NORMALISATION, "not whitened", TreePoRaw.class),
          new Mutant("`grpo`", Fault.SIGN, "advantages negated", GrpoNegated.class),
          new Mutant(
              "`grpo`", Fault.OFF_BY_ONE, "advantages of the next trajectory", GrpoNext.class),
          new Mutant("`grpo`", Fault.NORMALISATION, "not divided by the deviation", GrpoRaw.class),
          new Mutant("loss `ppo`", Fault.SIGN, "loss and gradient negated", PpoNegated.class),
          new Mutant(
              "loss `ppo`", Fault.OFF_BY_ONE, "derivatives of the token before", PpoShifted.class),
          new Mutant("loss `ppo`", Fault.NORMALISATION, "sum instead of mean", PpoSummed.class),
          new Mutant("loss `cispo`", Fault.SIGN, "loss and gradient negated", CispoNegated.class),
          new Mutant(
              "loss `cispo`",
              Fault.OFF_BY_ONE,
              "derivatives of the token before",
              CispoShifted.class),
          new Mutant("loss `cispo`", Fault.NORMALISATION, "sum instead of mean", CispoSummed.class),
          new Mutant(
              "`node_uncertain_first`",
              Fault.SIGN,
              "more for the confident",
              AllotmentNegated.class),
          new Mutant(
              "`node_uncertain_first`",
              Fault.OFF_BY_ONE,
              "the first path one child short",
              AllotmentShort.class),
          new Mutant(
              "`node_uncertain_first`",
              Fault.NORMALISATION,
              "shares not divided by their sum",
              AllotmentRaw.class),
          new Mutant(
              "tokenizer",
              Fault.SIGN,
              "ids in reverse order",
              TokenizerMutants.TokenizerReversed.class),
          new Mutant(
              "tokenizer",
              Fault.OFF_BY_ONE,
              "ids one too high",
              TokenizerMutants.TokenizerShifted.class),
          new Mutant(
              "tokenizer",
              Fault.NORMALISATION,
              "spaces at the ends not kept",
              TokenizerMutants.TokenizerStripped.class),
          new Mutant(
              "engine `vector`", Fault.SIGN, "gradient negated", EngineMutants.EngineNegated.class),
          new Mutant(
              "engine `vector`",
              Fault.OFF_BY_ONE,
              "log-probabilities of the token before",
              EngineMutants.EngineShifted.class),
          new Mutant(
              "engine `vector`",
              Fault.NORMALISATION,
              "logits instead of log-probabilities",
              EngineMutants.EngineRaw.class),
          new Mutant(
              "engine `vector`",
              Fault.OFF_BY_ONE,
              "tokens drawn by the number of the next draw",
              EngineMutants.SamplerShifted.class),
          new Mutant(
              "engine `vector`",
              Fault.NORMALISATION,
              "steps by gradients that are not clipped",
              EngineMutants.OptimizerUnscaled.class));

  private Mutants() {}

  private static AdvantageEstimator negated(AdvantageEstimator estimator) {
    return batch -> mapped(estimator.advantages(batch), (tree, i) -> i, -1);
  }

  private static AdvantageEstimator next(AdvantageEstimator estimator) {
    return batch -> mapped(estimator.advantages(batch), (tree, i) -> (i + 1) % tree.length, 1);
  }

  private interface Other {
    int of(double[][] tree, int trajectory);
  }

  /** The first advantage of another trajectory, for the whole response. */
  private static double[][][] mapped(double[][][] advantages, Other other, double factor) {
    double[][][] result = new double[advantages.length][][];
    for (int tree = 0; tree < result.length; tree++) {
      result[tree] = new double[advantages[tree].length][];
      for (int i = 0; i < result[tree].length; i++) {
        result[tree][i] = new double[advantages[tree][i].length];
        Arrays.fill(result[tree][i], factor * advantages[tree][other.of(advantages[tree], i)][0]);
      }
    }
    return result;
  }

  private static AdvantageEstimator.Explaining treePo() {
    return AdvantageEstimators.create("treepo", Map.of());
  }

  private static AdvantageEstimator grpo() {
    return AdvantageEstimators.create("grpo", Map.of());
  }

  static class TreePoNegated implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return negated(treePo());
    }

    @Override
    public Set<Claim> claims() {
      return WHITENED;
    }
  }

  static class TreePoNext extends TreePoNegated {
    @Override
    public AdvantageEstimator estimator() {
      return next(treePo());
    }
  }

  static class TreePoRaw extends TreePoNegated {
    @Override
    public AdvantageEstimator estimator() {
      return batch -> {
        double[][][] advantages = treePo().advantages(batch);
        for (int tree = 0; tree < advantages.length; tree++) {
          for (int i = 0; i < advantages[tree].length; i++) {
            List<SegmentAdvantage> segments = treePo().explain(batch).get(tree).get(i).segments();
            Arrays.fill(advantages[tree][i], segments.get(0).raw());
          }
        }
        return advantages;
      };
    }
  }

  static class GrpoNegated implements EstimatorLaws {
    @Override
    public AdvantageEstimator estimator() {
      return negated(grpo());
    }

    @Override
    public Set<Claim> claims() {
      return SCORED;
    }
  }

  static class GrpoNext extends GrpoNegated {
    @Override
    public AdvantageEstimator estimator() {
      return next(grpo());
    }
  }

  static class GrpoRaw extends GrpoNegated {
    @Override
    public AdvantageEstimator estimator() {
      return AdvantageEstimators.create("grpo", Map.of("std", "false"));
    }
  }

  private static LossResult ours(PolicyForm form, ScoredTrees part, LossNormalizer whole) {
    LossSettings settings = Settings.of(LossSettings.class).set("policy", form).build();
    return new TreeObjective(settings, whole)
        .evaluate(part.trees(), part.logprobs(), part.entropies());
  }

  private static LossResult negated(LossResult result) {
    float[][] negated = new float[result.dLogprob().length][];
    for (int tree = 0; tree < negated.length; tree++) {
      negated[tree] = result.dLogprob()[tree].clone();
      for (int token = 0; token < negated[tree].length; token++) {
        negated[tree][token] *= -1;
      }
    }
    return new LossResult(-result.loss(), negated, null, result.statistics());
  }

  private static LossResult shifted(LossResult result) {
    float[][] shifted = new float[result.dLogprob().length][];
    for (int tree = 0; tree < shifted.length; tree++) {
      shifted[tree] = tokenBefore(result.dLogprob()[tree]);
    }
    return new LossResult(result.loss(), shifted, null, result.statistics());
  }

  static float[] tokenBefore(float[] values) {
    float[] shifted = new float[values.length];
    System.arraycopy(values, 0, shifted, 1, values.length - 1);
    return shifted;
  }

  static class PpoNegated implements LossLaws {
    PolicyForm form() {
      return PolicyForm.PPO;
    }

    @Override
    public LossResult loss(ScoredTrees part, LossNormalizer whole) {
      return negated(ours(form(), part, whole));
    }

    @Override
    public boolean stopsGradients() {
      return form() == PolicyForm.CISPO;
    }
  }

  static class PpoShifted extends PpoNegated {
    @Override
    public LossResult loss(ScoredTrees part, LossNormalizer whole) {
      return shifted(ours(form(), part, whole));
    }
  }

  static class PpoSummed extends PpoNegated {
    @Override
    public LossResult loss(ScoredTrees part, LossNormalizer whole) {
      return ours(form(), part, new LossNormalizer(1, 1));
    }
  }

  static class CispoNegated extends PpoNegated {
    @Override
    PolicyForm form() {
      return PolicyForm.CISPO;
    }
  }

  static class CispoShifted extends PpoShifted {
    @Override
    PolicyForm form() {
      return PolicyForm.CISPO;
    }
  }

  static class CispoSummed extends PpoSummed {
    @Override
    PolicyForm form() {
      return PolicyForm.CISPO;
    }
  }

  static class AllotmentNegated implements AllotmentLaws {
    @Override
    public BranchingPolicy policy() {
      return Allotment.NODE_CONFIDENT_FIRST;
    }

    @Override
    public ToDoubleFunction<PathScores> favours() {
      return path -> -path.nodeLogprob();
    }
  }

  static class AllotmentShort extends AllotmentNegated {
    @Override
    public BranchingPolicy policy() {
      return (paths, total, temperature) -> {
        int[] children = Allotment.NODE_UNCERTAIN_FIRST.children(paths, total, temperature);
        children[0]--;
        return children;
      };
    }
  }

  static class AllotmentRaw extends AllotmentNegated {
    @Override
    public BranchingPolicy policy() {
      return (paths, total, temperature) ->
          paths.stream()
              .mapToInt(
                  path ->
                      1
                          + (int)
                              (Math.exp(path.nodeLogprob() / temperature) * (total - paths.size())))
              .toArray();
    }
  }
}
