package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rl.advantage.RandomTrees;
import org.treepo4j.rl.advantage.SegmentProgressEstimator;
import org.treepo4j.rl.advantage.TreePoEstimator;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;
import org.treepo4j.rl.loss.LossSettings.PolicyForm;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.Trajectory;

/** Laws of the loss over trees, on log-probabilities made up for every unique token. */
class TreeObjectiveTest {

  /** A mini-batch with the outcome of a forward pass. */
  record Scored(List<TrainingTree> trees, float[][] logprobs, float[][] entropies) {

    LossNormalizer normalizer() {
      return LossNormalizer.of(trees);
    }

    LossResult evaluate(LossSettings settings) {
      return new TreeObjective(settings, normalizer()).evaluate(trees, logprobs, entropies);
    }

    /** The same before any update: the old policy is the present one. */
    Scored onPolicy() {
      float[][] old = trees.stream().map(TrainingTree::oldLogprobs).toArray(float[][]::new);
      return new Scored(trees, old, entropies);
    }

    /** The same trajectories as trees of one path each. */
    Scored flattened() {
      List<TrainingTree> chains = new ArrayList<>();
      List<float[]> chainLogprobs = new ArrayList<>();
      List<float[]> chainEntropies = new ArrayList<>();
      for (int tree = 0; tree < trees.size(); tree++) {
        chains.addAll(trees.get(tree).flattened());
        for (int[] path : wholePaths(trees.get(tree))) {
          chainLogprobs.add(gather(logprobs[tree], path));
          chainEntropies.add(gather(entropies[tree], path));
        }
      }
      return new Scored(
          chains, chainLogprobs.toArray(float[][]::new), chainEntropies.toArray(float[][]::new));
    }
  }

  @Provide
  Arbitrary<Scored> scored() {
    return Combinators.combine(RandomTrees.batches(), Arbitraries.longs())
        .as(TreeObjectiveTest::score);
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
      @ForAll("scored") Scored scored, @ForAll("settings") LossSettings settings) {
    Scored flattened = scored.flattened();
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
      @ForAll("scored") Scored scored, @ForAll("settings") LossSettings settings) {
    Scored flattened = scored.flattened();
    double expected = asDefined(flattened, settings, flattened.logprobs());
    assertThat(scored.evaluate(settings).loss()).isCloseTo(expected, within(tolerance(expected)));
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void lossAndGradientDoNotDependOnTheSplitIntoMicroBatches(
      @ForAll("scored") Scored scored, @ForAll("settings") LossSettings settings) {
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
      @ForAll("scored") Scored scored, @ForAll("settings") LossSettings settings) {
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
  void onPolicyTheGradientIsThePolicyGradientAndNothingIsClipped(
      @ForAll("scored") Scored scored, @ForAll PolicyForm policy) {
    Scored onPolicy = scored.onPolicy();
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
      @ForAll("scored") Scored scored, @ForAll Aggregation aggregation) {
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
    Scored one = new Scored(uniform, scored.logprobs(), scored.entropies());
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
    Scored scored = score(batch, 1, advantages).onPolicy().flattened();
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
      @ForAll("scored") Scored scored, @ForAll("tokenForms") PolicyForm policy) {
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
    return RandomTrees.batches();
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void uniqueTokensAreNeverMoreThanFlattenedTokensButForUntravelledNodes(
      @ForAll("scored") Scored scored) {
    for (TrainingTree tree : scored.trees()) {
      long travelled = wholePaths(tree).stream().flatMapToInt(IntStream::of).distinct().count();
      assertThat(travelled).isLessThanOrEqualTo(tree.flattenedTokens());
      assertThat(tree.flattened().stream().mapToLong(TrainingTree::uniqueTokens).sum())
          .isEqualTo(tree.flattenedTokens());
    }
  }

  @Example
  void aKlTermNeedsAReference() {
    Scored scored = score(RandomTrees.batches().sample(), 1);
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
    Scored scored = score(RandomTrees.batches().sample(), 1);
    List<TrainingTree> without =
        scored.trees().stream().map(tree -> tree.withBehaviourLogprobs(null)).toList();
    LossSettings settings =
        Settings.of(LossSettings.class)
            .set("rolloutCorrection", RolloutCorrection.TRUNCATE)
            .build();
    assertThatThrownBy(
            () -> new Scored(without, scored.logprobs(), scored.entropies()).evaluate(settings))
        .hasMessage("behaviourLogprobs must be given for a rollout correction");
  }

  private static Scored score(List<RolloutTree> batch, long seed) {
    return score(
        batch,
        seed,
        seed % 2 == 0
            ? new TreePoEstimator(TreePoEstimator.Weighting.AVERAGE, false).advantages(batch)
            : new SegmentProgressEstimator(0).advantages(batch));
  }

  private static Scored score(List<RolloutTree> batch, long seed, double[][][] advantages) {
    Random random = new Random(seed);
    double distance = random.nextBoolean() ? 0.3 : 2;
    List<TrainingTree> trees = new ArrayList<>();
    float[][] logprobs = new float[batch.size()][];
    float[][] entropies = new float[batch.size()][];
    for (int i = 0; i < batch.size(); i++) {
      int size = batch.get(i).toTokenTree().size();
      float[] old = new float[size];
      float[] reference = new float[size];
      float[] behaviour = new float[size];
      logprobs[i] = new float[size];
      entropies[i] = new float[size];
      for (int token = 0; token < size; token++) {
        old[token] = (float) (-4 * random.nextDouble());
        logprobs[i][token] = (float) (old[token] + distance * random.nextGaussian());
        behaviour[token] = (float) (old[token] + 0.7 * random.nextGaussian());
        reference[token] = (float) (old[token] + random.nextGaussian());
        entropies[i][token] = (float) (3 * random.nextDouble());
      }
      trees.add(
          TrainingTree.of(batch.get(i), advantages[i], old, reference)
              .withBehaviourLogprobs(behaviour));
    }
    return new Scored(trees, logprobs, entropies);
  }

  /**
   * The losses of docs/losses.md, word by word, over trees of one path.
   *
   * @param frozen log-probabilities that a stop-gradient sees, {@code [chain][size]}
   */
  private static double asDefined(Scored chains, LossSettings settings, float[][] frozen) {
    double trajectories = chains.trees().size();
    double tokens = chains.trees().stream().mapToLong(TrainingTree::responseTokens).sum();
    double loss = 0;
    for (int i = 0; i < chains.trees().size(); i++) {
      TrainingTree chain = chains.trees().get(i);
      int[] path = chain.paths()[0];
      double whole = sequenceRatio(chain, chains.logprobs()[i]);
      double wholeFrozen = sequenceRatio(chain, frozen[i]);
      double sum = 0;
      for (int t = 0; t < path.length; t++) {
        double advantage = chain.advantages()[0][t];
        double logprob = chains.logprobs()[i][path[t]];
        double old = chain.oldLogprobs()[path[t]];
        double r = Math.exp(logprob - old);
        double token =
            switch (settings.policy()) {
              case PPO -> {
                double clipped = clipped(advantage, r, settings);
                yield advantage < 0 && settings.dualClip() > 0
                    ? Math.min(clipped, -advantage * settings.dualClip())
                    : clipped;
              }
              case CISPO ->
                  -advantage * clip(Math.exp(frozen[i][path[t]] - old), settings) * logprob;
              case GSPO -> clipped(advantage, whole, settings);
              case GSPO_TOKEN ->
                  clipped(
                      advantage, wholeFrozen * Math.exp(logprob - frozen[i][path[t]]), settings);
            };
        double correction = Math.exp(old - chain.behaviourLogprobs()[path[t]]);
        double threshold = settings.rolloutCorrectionThreshold();
        token *=
            switch (settings.rolloutCorrection()) {
              case AUTO, NONE -> 1;
              case TRUNCATE -> Math.min(threshold, correction);
              case MASK -> correction > threshold ? 0 : correction;
            };
        if (settings.kl() == KlPlacement.LOSS) {
          double d = chain.referenceLogprobs()[path[t]] - logprob;
          token +=
              settings.klCoefficient()
                  * (settings.klEstimator() == KlEstimator.K1
                      ? -d
                      : Math.min(10, Math.exp(d) - d - 1));
        }
        token -= settings.entropyCoefficient() * chains.entropies()[i][path[t] - 1];
        sum += token;
      }
      loss +=
          switch (settings.aggregation()) {
            case TOKEN_MEAN -> sum / tokens;
            case SEQ_MEAN_TOKEN_SUM -> sum / trajectories;
            case SEQ_MEAN_TOKEN_MEAN -> sum / path.length / trajectories;
            case SEQ_MEAN_TOKEN_SUM_NORM -> sum / settings.normLength() / trajectories;
          };
    }
    return loss;
  }

  private static double sequenceRatio(TrainingTree chain, float[] logprobs) {
    double sum = 0;
    for (int token : chain.paths()[0]) {
      sum += (double) logprobs[token] - chain.oldLogprobs()[token];
    }
    return Math.exp(sum / chain.paths()[0].length);
  }

  private static double clip(double ratio, LossSettings settings) {
    return Math.max(1 - settings.clipLow(), Math.min(1 + settings.clipHigh(), ratio));
  }

  private static double clipped(double advantage, double ratio, LossSettings settings) {
    return Math.max(-advantage * ratio, -advantage * clip(ratio, settings));
  }

  private static double slope(
      Scored scored, float[] values, int token, LossSettings settings, float[][] frozen) {
    float kept = values[token];
    float above = kept + 1e-3f;
    float below = kept - 1e-3f;
    values[token] = above;
    double high = asDefined(scored.flattened(), settings, frozen);
    values[token] = below;
    double low = asDefined(scored.flattened(), settings, frozen);
    values[token] = kept;
    return (high - low) / ((double) above - below);
  }

  private static boolean nearABorder(Scored scored, int tree, int token, LossSettings settings) {
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

  private static void assertGradientsEqual(Scored scored, float[][] trees, float[][] chains) {
    int chain = 0;
    for (int tree = 0; tree < trees.length; tree++) {
      double[] sums = new double[trees[tree].length];
      for (int[] path : wholePaths(scored.trees().get(tree))) {
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

  private static List<int[]> wholePaths(TrainingTree tree) {
    return IntStream.range(0, tree.trajectories())
        .mapToObj(i -> tree.tokens().path(tree.paths()[i][tree.paths()[i].length - 1]))
        .toList();
  }

  private static float[] gather(float[] values, int[] indices) {
    float[] gathered = new float[indices.length];
    for (int i = 0; i < indices.length; i++) {
      gathered[i] = values[indices[i]];
    }
    return gathered;
  }
}
