package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.laws.Samples;
import org.treepo4j.laws.ScoredTrees;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;
import org.treepo4j.rl.loss.LossSettings.PolicyForm;

/** Laws of the loss over trees, on log-probabilities made up for every unique token. */
class TreeObjectiveTest {

  @Provide
  Arbitrary<ScoredTrees> scored() {
    return Samples.scoredTrees();
  }

  @Provide
  Arbitrary<LossSettings> settings() {
    return Combinators.combine(
            Arbitraries.of(Aggregation.class),
            Arbitraries.of(KlPlacement.class),
            Arbitraries.of(KlEstimator.class),
            Arbitraries.of(0.0, 2.0, 10.0),
            Arbitraries.of(0.0, 0.3),
            Arbitraries.of(PolicyForm.class),
            Arbitraries.of(RolloutCorrection.class))
        .as(
            (aggregation, kl, estimator, dualClip, entropy, policy, correction) ->
                Settings.of(LossSettings.class)
                    .set("policy", policy)
                    .set("dualClip", dualClip)
                    .set("normLength", 9)
                    .set("aggregation", aggregation)
                    .set("kl", kl)
                    .set("klEstimator", estimator)
                    .set("klCoefficient", 0.4)
                    .set("entropyCoefficient", entropy)
                    .set("rolloutCorrection", correction)
                    .build());
  }

  @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
  void lossAndGradientOfTreesAreThoseOfTheirFlattenedTrajectories(
      @ForAll("scored") ScoredTrees scored, @ForAll("settings") LossSettings settings) {
    ScoredTrees flattened = scored.flattened();
    LossResult trees = scored.evaluate(settings);
    LossResult chains = flattened.evaluate(settings);
    assertThat(trees.loss()).isCloseTo(chains.loss(), within(tolerance(chains.loss())));
    assertGradientsEqual(scored, trees.dLogprob(), chains.dLogprob());
    if (settings.entropyCoefficient() == 0) {
      assertThat(trees.dEntropy()).isNull();
    } else {
      assertGradientsEqual(scored, trees.dEntropy(), chains.dEntropy());
    }
    LossStatistics expected = chains.statistics();
    assertThat(trees.statistics().tokens()).isEqualTo(expected.tokens());
    assertThat(trees.statistics().clipped()).isEqualTo(expected.clipped());
    assertThat(trees.statistics().dualClipped()).isEqualTo(expected.dualClipped());
    assertThat(trees.statistics().corrected()).isEqualTo(expected.corrected());
    assertThat(trees.statistics().correctionMean())
        .isCloseTo(expected.correctionMean(), within(1e-9));
    assertThat(trees.statistics().entropy()).isCloseTo(expected.entropy(), within(1e-9));
    assertThat(trees.statistics().ratioMean())
        .isCloseTo(expected.ratioMean(), within(tolerance(expected.ratioMean())));
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void lossOfFlattenedTrajectoriesIsTheOneDefined(
      @ForAll("scored") ScoredTrees scored, @ForAll("settings") LossSettings settings) {
    ScoredTrees flattened = scored.flattened();
    double expected = LossAsDefined.of(flattened, settings, flattened.logprobs());
    assertThat(scored.evaluate(settings).loss()).isCloseTo(expected, within(tolerance(expected)));
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void lossAndGradientDoNotDependOnTheSplitIntoMicroBatches(
      @ForAll("scored") ScoredTrees scored, @ForAll("settings") LossSettings settings) {
    LossResult whole = scored.evaluate(settings);
    TreeObjective objective = new TreeObjective(settings, scored.normalizer());
    double loss = 0;
    LossStatistics statistics = LossStatistics.NONE;
    for (int i = 0; i < scored.trees().size(); i++) {
      LossResult part =
          objective.evaluate(
              List.of(scored.trees().get(i)),
              new float[][] {scored.logprobs()[i]},
              new float[][] {scored.entropies()[i]});
      loss += part.loss();
      statistics = statistics.plus(part.statistics());
      assertThat(part.dLogprob()[0]).isEqualTo(whole.dLogprob()[i]);
    }
    assertThat(loss).isCloseTo(whole.loss(), within(1e-9));
    assertThat(statistics).isEqualTo(whole.statistics());
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void derivativesAreTheLimitOfFiniteDifferences(
      @ForAll("scored") ScoredTrees scored, @ForAll("settings") LossSettings settings) {
    LossResult result = scored.evaluate(settings);
    float[][] frozen = scored.flattened().logprobs();
    for (int tree = 0; tree < scored.trees().size(); tree++) {
      for (int token = 0; token < scored.logprobs()[tree].length; token++) {
        if (!nearABorder(scored, tree, token, settings)) {
          double slope = slope(scored, scored.logprobs()[tree], token, settings, frozen);
          assertThat((double) result.dLogprob()[tree][token])
              .isCloseTo(slope, within(2e-3 * (1 + Math.abs(slope))));
        }
        double slope = slope(scored, scored.entropies()[tree], token, settings, frozen);
        double entropy = result.dEntropy() == null ? 0 : result.dEntropy()[tree][token];
        assertThat(entropy).isCloseTo(slope, within(1e-3));
      }
    }
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void uniqueTokensAreNeverMoreThanFlattenedTokensButForUntravelledNodes(
      @ForAll("scored") ScoredTrees scored) {
    for (TrainingTree tree : scored.trees()) {
      long travelled =
          ScoredTrees.wholePaths(tree).stream().flatMapToInt(IntStream::of).distinct().count();
      assertThat(travelled).isLessThanOrEqualTo(tree.flattenedTokens());
      assertThat(tree.flattened().stream().mapToLong(TrainingTree::uniqueTokens).sum())
          .isEqualTo(tree.flattenedTokens());
    }
  }

  @Example
  void aKlTermNeedsAReference() {
    ScoredTrees scored = ScoredTrees.of(Samples.batches().sample(), 1);
    TrainingTree tree = scored.trees().get(0);
    TrainingTree without =
        new TrainingTree(tree.tokens(), tree.paths(), tree.advantages(), tree.oldLogprobs(), null);
    LossSettings settings = Settings.of(LossSettings.class).set("kl", KlPlacement.LOSS).build();
    TreeObjective objective = new TreeObjective(settings, LossNormalizer.of(List.of(without)));
    assertThatThrownBy(
            () -> objective.evaluate(List.of(without), scored.logprobs(), scored.entropies()))
        .hasMessage("referenceLogprobs must be given for a KL term in the loss");
  }

  @Example
  void aRolloutCorrectionNeedsTheSampler() {
    ScoredTrees scored = ScoredTrees.of(Samples.batches().sample(), 1);
    List<TrainingTree> without =
        scored.trees().stream().map(tree -> tree.withBehaviourLogprobs(null)).toList();
    LossSettings settings =
        Settings.of(LossSettings.class)
            .set("rolloutCorrection", RolloutCorrection.TRUNCATE)
            .build();
    assertThatThrownBy(
            () ->
                new ScoredTrees(without, scored.logprobs(), scored.entropies()).evaluate(settings))
        .hasMessage("behaviourLogprobs must be given for a rollout correction");
  }

  private static double slope(
      ScoredTrees scored, float[] values, int token, LossSettings settings, float[][] frozen) {
    float kept = values[token];
    float above = kept + 1e-3f;
    float below = kept - 1e-3f;
    values[token] = above;
    double high = LossAsDefined.of(scored.flattened(), settings, frozen);
    values[token] = below;
    double low = LossAsDefined.of(scored.flattened(), settings, frozen);
    values[token] = kept;
    return (high - low) / ((double) above - below);
  }

  private static boolean nearABorder(
      ScoredTrees scored, int tree, int token, LossSettings settings) {
    TrainingTree one = scored.trees().get(tree);
    double logprob = scored.logprobs()[tree][token];
    double logRatio = logprob - one.oldLogprobs()[token];
    double kl = KlEstimator.K3.value(logprob, one.referenceLogprobs()[token]);
    boolean ofResponse =
        IntStream.range(0, one.trajectories())
            .filter(i -> IntStream.of(one.paths()[i]).anyMatch(other -> other == token))
            .mapToDouble(
                i ->
                    IntStream.of(one.paths()[i])
                        .mapToDouble(
                            other ->
                                (double) scored.logprobs()[tree][other] - one.oldLogprobs()[other])
                        .average()
                        .orElseThrow())
            .anyMatch(mean -> near(mean, 0.8) || near(mean, 1.28));
    boolean ofToken =
        near(logRatio, 0.8) || near(logRatio, 1.28) || near(logRatio, settings.dualClip());
    return ofResponse || ofToken || kl > 9.9;
  }

  private static boolean near(double logRatio, double border) {
    return Math.abs(logRatio - Math.log(border)) < 2e-3;
  }

  private static void assertGradientsEqual(ScoredTrees scored, float[][] trees, float[][] chains) {
    int chain = 0;
    for (int tree = 0; tree < trees.length; tree++) {
      double[] sums = new double[trees[tree].length];
      for (int[] path : ScoredTrees.wholePaths(scored.trees().get(tree))) {
        for (int t = 0; t < path.length; t++) {
          sums[path[t]] += chains[chain][t];
        }
        chain++;
      }
      for (int token = 0; token < sums.length; token++) {
        assertThat((double) trees[tree][token])
            .isCloseTo(sums[token], within(tolerance(sums[token])));
      }
    }
    assertThat(chain).isEqualTo(chains.length);
  }

  private static double tolerance(double value) {
    return 1e-6 * (1 + Math.abs(value));
  }
}
