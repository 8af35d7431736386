package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.laws.Samples;
import org.treepo4j.laws.ScoredTrees;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rl.loss.LossSettings.PolicyForm;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.Trajectory;

/** What tells the forms of the policy loss apart, and what they have in common. */
class PolicyFormsTest {

  @Provide
  Arbitrary<ScoredTrees> scored() {
    return Samples.scoredTrees();
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void onPolicyTheGradientIsThePolicyGradientAndNothingIsClipped(
      @ForAll("scored") ScoredTrees scored, @ForAll PolicyForm policy) {
    ScoredTrees onPolicy = scored.onPolicy();
    LossResult result =
        onPolicy.evaluate(Settings.of(LossSettings.class).set("policy", policy).build());
    assertThat(result.statistics().clipFraction()).isZero();
    assertThat(result.statistics().dualClipFraction()).isZero();
    assertThat(result.statistics().ratioMean()).isCloseTo(1, within(1e-12));
    double tokens = onPolicy.normalizer().responseTokens();
    for (int tree = 0; tree < onPolicy.trees().size(); tree++) {
      TrainingTree one = onPolicy.trees().get(tree);
      double[] advantageSums = new double[one.uniqueTokens()];
      for (int i = 0; i < one.trajectories(); i++) {
        double mean = Arrays.stream(one.advantages()[i]).average().orElseThrow();
        for (int t = 0; t < one.paths()[i].length; t++) {
          advantageSums[one.paths()[i][t]] +=
              policy == PolicyForm.GSPO ? mean : one.advantages()[i][t];
        }
      }
      for (int token = 0; token < advantageSums.length; token++) {
        assertThat((double) result.dLogprob()[tree][token])
            .isCloseTo(-advantageSums[token] / tokens, within(1e-6));
      }
    }
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void gspoAndGspoTokenAgreeWhereAResponseHasOneAdvantage(
      @ForAll("scored") ScoredTrees scored, @ForAll Aggregation aggregation) {
    List<TrainingTree> uniform = new ArrayList<>();
    for (TrainingTree tree : scored.trees()) {
      double[][] advantages = new double[tree.trajectories()][];
      for (int i = 0; i < advantages.length; i++) {
        advantages[i] = new double[tree.paths()[i].length];
        Arrays.fill(advantages[i], tree.advantages()[i][0]);
      }
      uniform.add(
          new TrainingTree(tree.tokens(), tree.paths(), advantages, tree.oldLogprobs(), null));
    }
    ScoredTrees one = new ScoredTrees(uniform, scored.logprobs(), scored.entropies());
    Settings<LossSettings> settings =
        Settings.of(LossSettings.class).set("normLength", 9).set("aggregation", aggregation);
    LossResult whole = one.evaluate(settings.set("policy", PolicyForm.GSPO).build());
    LossResult token = one.evaluate(settings.set("policy", PolicyForm.GSPO_TOKEN).build());
    assertThat(whole.loss()).isEqualTo(token.loss());
    assertThat(whole.statistics()).isEqualTo(token.statistics());
    for (int tree = 0; tree < uniform.size(); tree++) {
      assertThat(whole.dLogprob()[tree]).containsExactly(token.dLogprob()[tree], within(1e-5f));
    }
  }

  /** Dr.GRPO: rewards less the group's mean, no deviation, a constant length. */
  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void drGrpoPushesEveryTokenByItsCentredRewardOverAConstantLength(
      @ForAll("batches") List<RolloutTree> batch) {
    int length = 30;
    double[][][] advantages =
        AdvantageEstimators.create("grpo", Map.of("std", "false")).advantages(batch);
    ScoredTrees scored = ScoredTrees.of(batch, 1, advantages).onPolicy().flattened();
    LossSettings settings =
        Settings.of(LossSettings.class)
            .set("normLength", length)
            .set("aggregation", Aggregation.SEQ_MEAN_TOKEN_SUM_NORM)
            .build();
    LossResult result = scored.evaluate(settings);
    int chain = 0;
    for (RolloutTree tree : batch) {
      double mean =
          tree.trajectories().size() == 1
              ? 0
              : tree.trajectories().stream()
                  .mapToDouble(Trajectory::reward)
                  .average()
                  .orElseThrow();
      for (Trajectory trajectory : tree.trajectories()) {
        double expected = -(trajectory.reward() - mean) / length / scored.trees().size();
        for (int token : scored.trees().get(chain).paths()[0]) {
          assertThat((double) result.dLogprob()[chain][token]).isCloseTo(expected, within(1e-6));
        }
        chain++;
      }
    }
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void maskedTokensHaveNoPolicyGradient(
      @ForAll("scored") ScoredTrees scored, @ForAll("tokenForms") PolicyForm policy) {
    LossSettings settings =
        Settings.of(LossSettings.class)
            .set("policy", policy)
            .set("rolloutCorrection", RolloutCorrection.MASK)
            .build();
    LossResult result = scored.evaluate(settings);
    for (int tree = 0; tree < scored.trees().size(); tree++) {
      TrainingTree one = scored.trees().get(tree);
      for (int token = 0; token < one.uniqueTokens(); token++) {
        double ratio = Math.exp((double) one.oldLogprobs()[token] - one.behaviourLogprobs()[token]);
        if (ratio > settings.rolloutCorrectionThreshold()) {
          assertThat(result.dLogprob()[tree][token]).isZero();
        }
      }
    }
  }

  @Provide
  Arbitrary<PolicyForm> tokenForms() {
    return Arbitraries.of(PolicyForm.PPO, PolicyForm.CISPO, PolicyForm.GSPO_TOKEN);
  }

  @Provide
  Arbitrary<List<RolloutTree>> batches() {
    return Samples.batches();
  }
}
