package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
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
import org.treepo4j.rl.advantage.RandomTrees;
import org.treepo4j.rl.advantage.SegmentProgressEstimator;
import org.treepo4j.rl.advantage.TreePoEstimator;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;
import org.treepo4j.rollout.RolloutTree;

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
            Arbitraries.of(0.0, 0.3))
        .as(
            (aggregation, kl, estimator, dualClip, entropy) ->
                new LossSettings(0.2, 0.28, dualClip, aggregation, 9, kl, estimator, 0.4, entropy));
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
    assertThat(trees.statistics().entropy()).isCloseTo(expected.entropy(), within(1e-9));
    assertThat(trees.statistics().ratioMean())
        .isCloseTo(expected.ratioMean(), within(tolerance(expected.ratioMean())));
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void lossOfFlattenedTrajectoriesIsTheOneDefined(
      @ForAll("scored") Scored scored, @ForAll("settings") LossSettings settings) {
    double expected = asDefined(scored.flattened(), settings);
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
    for (int tree = 0; tree < scored.trees().size(); tree++) {
      for (int token = 0; token < scored.logprobs()[tree].length; token++) {
        if (!nearABorder(scored, tree, token, settings)) {
          double slope = slope(scored, scored.logprobs()[tree], token, settings);
          assertThat((double) result.dLogprob()[tree][token])
              .isCloseTo(slope, within(2e-3 * (1 + Math.abs(slope))));
        }
        double slope = slope(scored, scored.entropies()[tree], token, settings);
        double entropy = result.dEntropy() == null ? 0 : result.dEntropy()[tree][token];
        assertThat(entropy).isCloseTo(slope, within(1e-3));
      }
    }
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void onPolicyTheGradientIsThePolicyGradientAndNothingIsClipped(@ForAll("scored") Scored scored) {
    float[][] old = new float[scored.trees().size()][];
    for (int tree = 0; tree < old.length; tree++) {
      old[tree] = scored.trees().get(tree).oldLogprobs();
    }
    Scored onPolicy = new Scored(scored.trees(), old, scored.entropies());
    LossResult result = onPolicy.evaluate(LossSettings.defaults());
    assertThat(result.statistics().clipFraction()).isZero();
    assertThat(result.statistics().dualClipFraction()).isZero();
    assertThat(result.statistics().ratioMean()).isEqualTo(1);
    double tokens = onPolicy.normalizer().responseTokens();
    for (int tree = 0; tree < old.length; tree++) {
      double[] advantageSums = new double[old[tree].length];
      TrainingTree one = onPolicy.trees().get(tree);
      for (int i = 0; i < one.trajectories(); i++) {
        for (int t = 0; t < one.paths()[i].length; t++) {
          advantageSums[one.paths()[i][t]] += one.advantages()[i][t];
        }
      }
      for (int token = 0; token < advantageSums.length; token++) {
        assertThat((double) result.dLogprob()[tree][token])
            .isCloseTo(-advantageSums[token] / tokens, within(1e-6));
      }
    }
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
    LossSettings settings =
        new LossSettings(
            0.2, 0.28, 10, Aggregation.TOKEN_MEAN, 0, KlPlacement.LOSS, KlEstimator.K3, 0.1, 0);
    TreeObjective objective = new TreeObjective(settings, LossNormalizer.of(List.of(without)));
    assertThatThrownBy(
            () -> objective.evaluate(List.of(without), scored.logprobs(), scored.entropies()))
        .hasMessage("referenceLogprobs must be given for a KL term in the loss");
  }

  private static Scored score(List<RolloutTree> batch, long seed) {
    Random random = new Random(seed);
    double[][][] advantages =
        random.nextBoolean()
            ? new TreePoEstimator(TreePoEstimator.Weighting.AVERAGE, false).advantages(batch)
            : new SegmentProgressEstimator(0).advantages(batch);
    double distance = random.nextBoolean() ? 0.3 : 2;
    List<TrainingTree> trees = new ArrayList<>();
    float[][] logprobs = new float[batch.size()][];
    float[][] entropies = new float[batch.size()][];
    for (int i = 0; i < batch.size(); i++) {
      int size = batch.get(i).toTokenTree().size();
      float[] old = new float[size];
      float[] reference = new float[size];
      logprobs[i] = new float[size];
      entropies[i] = new float[size];
      for (int token = 0; token < size; token++) {
        old[token] = (float) (-4 * random.nextDouble());
        logprobs[i][token] = (float) (old[token] + distance * random.nextGaussian());
        reference[token] = (float) (old[token] + random.nextGaussian());
        entropies[i][token] = (float) (3 * random.nextDouble());
      }
      trees.add(TrainingTree.of(batch.get(i), advantages[i], old, reference));
    }
    return new Scored(trees, logprobs, entropies);
  }

  /** Section 4 of the algorithm page, word by word, over trees of one path. */
  private static double asDefined(Scored chains, LossSettings settings) {
    double trajectories = chains.trees().size();
    double tokens = chains.trees().stream().mapToLong(TrainingTree::responseTokens).sum();
    double loss = 0;
    for (int i = 0; i < chains.trees().size(); i++) {
      TrainingTree chain = chains.trees().get(i);
      int[] path = chain.paths()[0];
      double sum = 0;
      for (int t = 0; t < path.length; t++) {
        double advantage = chain.advantages()[0][t];
        double logprob = chains.logprobs()[i][path[t]];
        double r = Math.exp(logprob - chain.oldLogprobs()[path[t]]);
        double clipped = Math.max(1 - settings.clipLow(), Math.min(1 + settings.clipHigh(), r));
        double token = Math.max(-advantage * r, -advantage * clipped);
        if (advantage < 0 && settings.dualClip() > 0) {
          token = Math.min(token, -advantage * settings.dualClip());
        }
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

  private static double slope(Scored scored, float[] values, int token, LossSettings settings) {
    float kept = values[token];
    float above = kept + 1e-3f;
    float below = kept - 1e-3f;
    values[token] = above;
    double high = scored.evaluate(settings).loss();
    values[token] = below;
    double low = scored.evaluate(settings).loss();
    values[token] = kept;
    return (high - low) / ((double) above - below);
  }

  private static boolean nearABorder(Scored scored, int tree, int token, LossSettings settings) {
    TrainingTree one = scored.trees().get(tree);
    double logprob = scored.logprobs()[tree][token];
    double logRatio = logprob - one.oldLogprobs()[token];
    double kl = KlEstimator.K3.value(logprob, one.referenceLogprobs()[token]);
    return Math.abs(logRatio - Math.log(0.8)) < 2e-3
        || Math.abs(logRatio - Math.log(1.28)) < 2e-3
        || Math.abs(logRatio - Math.log(settings.dualClip())) < 2e-3
        || kl > 9.9;
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
