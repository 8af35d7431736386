package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.laws.Samples;
import org.treepo4j.laws.ScoredTrees;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/** Tokens that the policy was given, such as the output of a tool, inside of trees. */
class LossMaskTest {

  /** Trees some of whose tokens were given, the first of every node aside. */
  @Provide
  Arbitrary<List<RolloutTree>> masked() {
    return Samples.batches()
        .flatMap(
            batch ->
                Arbitraries.longs()
                    .between(0, 1000)
                    .map(seed -> batch.stream().map(tree -> masked(tree, seed)).toList()));
  }

  @Provide
  Arbitrary<String> estimators() {
    return Arbitraries.of(AdvantageEstimators.names());
  }

  @Provide
  Arbitrary<LossSettings> losses() {
    return Arbitraries.of(LossSettings.PolicyForm.class)
        .flatMap(
            form ->
                Arbitraries.of(Aggregation.class)
                    .map(
                        aggregation ->
                            Settings.of(LossSettings.class)
                                .set("policy", form)
                                .set("normLength", 9)
                                .set("aggregation", aggregation)
                                .build()));
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void givenTokensHaveNoAdvantageAndNoGradientAndDoNotCount(
      @ForAll("masked") List<RolloutTree> batch,
      @ForAll("estimators") String name,
      @ForAll("losses") LossSettings settings) {
    double[][][] advantages = AdvantageEstimators.create(name, Map.of()).advantages(batch);
    ScoredTrees scored = ScoredTrees.of(batch, 5, advantages);
    LossResult result = scored.evaluate(settings);
    long learned = 0;
    for (int tree = 0; tree < batch.size(); tree++) {
      boolean[] chosen = new boolean[scored.trees().get(tree).uniqueTokens()];
      for (int i = 0; i < batch.get(tree).trajectories().size(); i++) {
        Trajectory trajectory = batch.get(tree).trajectories().get(i);
        boolean[] mask = batch.get(tree).learned(trajectory);
        int[] tokens = batch.get(tree).tokenIndices(trajectory);
        for (int t = 0; t < mask.length; t++) {
          chosen[tokens[t]] |= mask[t];
          learned += mask[t] ? 1 : 0;
          if (!mask[t]) {
            assertThat(advantages[tree][i][t]).isZero();
          }
        }
      }
      for (int token = 0; token < chosen.length; token++) {
        if (!chosen[token]) {
          assertThat(result.dLogprob()[tree][token]).isZero();
        }
      }
    }
    assertThat(scored.normalizer().responseTokens()).isEqualTo(learned);
    assertThat(result.statistics().tokens()).isEqualTo(learned);
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void lossAndGradientOfMaskedTreesAreThoseOfTheirFlattenedTrajectories(
      @ForAll("masked") List<RolloutTree> batch, @ForAll("losses") LossSettings settings) {
    ScoredTrees scored = ScoredTrees.of(batch, 4);
    LossResult trees = scored.evaluate(settings);
    LossResult chains = scored.flattened().evaluate(settings);
    assertThat(trees.loss()).isCloseTo(chains.loss(), within(1e-6 * (1 + Math.abs(chains.loss()))));
    double[][] expected = scored.gathered(chains.dLogprob());
    for (int tree = 0; tree < batch.size(); tree++) {
      for (int token = 0; token < expected[tree].length; token++) {
        assertThat((double) trees.dLogprob()[tree][token])
            .isCloseTo(expected[tree][token], within(1e-5));
      }
    }
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void whiteningCountsChosenTokensOnly(@ForAll("masked") List<RolloutTree> batch) {
    AdvantageEstimator estimator = AdvantageEstimators.create("treepo", Map.of());
    List<RolloutTree> large =
        batch.stream().map(tree -> tree.withRewards(t -> 1e4 * t.reward())).toList();
    double[][][] advantages = estimator.advantages(large);
    double[] chosen =
        IntStream.range(0, batch.size())
            .boxed()
            .flatMapToDouble(
                tree ->
                    IntStream.range(0, advantages[tree].length)
                        .boxed()
                        .flatMapToDouble(
                            i -> {
                              boolean[] learned =
                                  batch.get(tree).learned(batch.get(tree).trajectories().get(i));
                              return IntStream.range(0, learned.length)
                                  .filter(t -> learned[t])
                                  .mapToDouble(t -> advantages[tree][i][t]);
                            }))
            .toArray();
    assertThat(java.util.Arrays.stream(chosen).average().orElse(0)).isCloseTo(0, within(1e-6));
  }

  @Example
  void aTrajectoryOfGivenTokensAloneTakesNoPart() {
    double[] zeros = new double[1];
    SegmentNode given =
        new SegmentNode(1, 0, new int[] {2}, zeros, zeros, zeros).withLearned(false);
    Trajectory trajectory = new Trajectory(1, org.treepo4j.rollout.FinishReason.EOS, 1);
    RolloutTree tree = new RolloutTree("p", new int[] {1}, List.of(given), List.of(trajectory));
    assertThat(LossSettings.defaults().takesPart(tree, trajectory)).isFalse();
    assertThatThrownBy(() -> TrainingTree.of(tree, new double[][] {{1}}, new float[2], null))
        .hasMessage("trajectory 0 must have a token to learn from, had none");
  }

  private static RolloutTree masked(RolloutTree tree, long seed) {
    Random random = new Random(seed);
    List<SegmentNode> nodes = new ArrayList<>();
    for (SegmentNode node : tree.nodes()) {
      boolean[] learned = new boolean[node.tokens().length];
      for (int t = 0; t < learned.length; t++) {
        learned[t] = t == 0 || random.nextInt(3) > 0;
      }
      nodes.add(node.withLearned(learned));
    }
    return new RolloutTree(tree.promptId(), tree.promptTokens(), nodes, tree.trajectories());
  }
}
