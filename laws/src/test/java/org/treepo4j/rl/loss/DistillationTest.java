package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.laws.Samples;
import org.treepo4j.laws.ScoredTrees;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/** The reverse KL as advantages. */
class DistillationTest {
  /** Probabilities of token 0 of the policy: at first, after a 0, after a 1. */
  private static final double[] POLICY = {6 / 24.0, 3 / 6.0, 6 / 18.0};

  private static final double[] REFERENCE = {0.6, 0.2, 0.9};

  @Provide
  Arbitrary<List<RolloutTree>> batches() {
    return Samples.batches();
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void theGradientOfTreesIsThatOfTheirFlattenedTrajectories(
      @ForAll("batches") List<RolloutTree> batch) {
    ScoredTrees scored = distilled(batch);
    LossResult trees = scored.evaluate(LossSettings.defaults());
    LossResult chains = scored.flattened().evaluate(LossSettings.defaults());
    double[][] expected = scored.gathered(chains.dLogprob());
    for (int tree = 0; tree < batch.size(); tree++) {
      for (int token = 0; token < expected[tree].length; token++) {
        assertThat((double) trees.dLogprob()[tree][token])
            .isCloseTo(expected[tree][token], within(1e-5));
      }
    }
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void aTokenOfSeveralTrajectoriesIsDistilledTheSameInEach(
      @ForAll("batches") List<RolloutTree> batch) {
    ScoredTrees scored = ScoredTrees.of(batch, 3);
    for (int tree = 0; tree < batch.size(); tree++) {
      TrainingTree one = scored.trees().get(tree);
      double[][] distilled =
          new Distillation(0.5, 0)
              .apply(batch.get(tree), one.advantages(), one.oldLogprobs(), one.referenceLogprobs());
      double[] byToken = new double[one.uniqueTokens()];
      Arrays.fill(byToken, Double.NaN);
      for (int i = 0; i < distilled.length; i++) {
        for (int t = 0; t < distilled[i].length; t++) {
          int token = one.paths()[i][t];
          assertThat(distilled[i][t])
              .isEqualTo(Double.isNaN(byToken[token]) ? distilled[i][t] : byToken[token]);
          byToken[token] = distilled[i][t];
        }
      }
    }
  }

  /**
   * A policy over two tokens whose 24 trajectories are there as often as it samples them: their
   * gradient is that of the reverse KL after each prefix, by finite differences of its logits.
   */
  @Example
  void theExpectedGradientIsThatOfTheReverseKlOfEveryToken() {
    RolloutTree tree = everyTrajectory();
    int size = tree.toTokenTree().size();
    float[] old = logprobs(tree, POLICY, size);
    float[] reference = logprobs(tree, REFERENCE, size);
    double[][] none = new double[24][2];
    double[][] advantages = new Distillation(1, 0).apply(tree, none, old, reference);
    TrainingTree training = TrainingTree.of(tree, advantages, old, null);
    LossSettings settings =
        Settings.of(LossSettings.class).set("aggregation", Aggregation.SEQ_MEAN_TOKEN_SUM).build();
    ScoredTrees scored =
        new ScoredTrees(List.of(training), new float[][] {old}, new float[][] {new float[size]});
    float[] dLogprob = scored.evaluate(settings).dLogprob()[0];

    double[] reached = {1, POLICY[0], 1 - POLICY[0]};
    for (int prefix = 0; prefix < 3; prefix++) {
      double step = 1e-5;
      double logit = Math.log(POLICY[prefix] / (1 - POLICY[prefix]));
      double slope =
          (reverseKl(sigmoid(logit + step), REFERENCE[prefix])
                  - reverseKl(sigmoid(logit - step), REFERENCE[prefix]))
              / (2 * step);
      // d log p(0) / d logit = 1 − p, d log p(1) / d logit = −p
      double gradient = 0;
      for (int token = 1; token < size; token++) {
        if (prefixOf(tree, token) == prefix) {
          boolean zero = tree.toTokenTree().tokens()[token] == 0;
          gradient += dLogprob[token] * (zero ? 1 - POLICY[prefix] : -POLICY[prefix]);
        }
      }
      assertThat(gradient).isCloseTo(reached[prefix] * slope, within(1e-6));
    }
  }

  private static ScoredTrees distilled(List<RolloutTree> batch) {
    ScoredTrees scored = ScoredTrees.of(batch, 8);
    double[][][] advantages = new double[batch.size()][][];
    for (int tree = 0; tree < advantages.length; tree++) {
      TrainingTree one = scored.trees().get(tree);
      advantages[tree] =
          new Distillation(0.7, 0.5)
              .apply(batch.get(tree), one.advantages(), one.oldLogprobs(), one.referenceLogprobs());
    }
    return scored.withAdvantages((tree, i, t) -> advantages[tree][i][t]);
  }

  /** 00 three times, 01 three times, 10 six times, 11 twelve times. */
  private static RolloutTree everyTrajectory() {
    List<SegmentNode> nodes = new ArrayList<>();
    List<Trajectory> trajectories = new ArrayList<>();
    int[] times = {3, 3, 6, 12};
    double[] none = new double[2];
    for (int text = 0; text < times.length; text++) {
      for (int i = 0; i < times[text]; i++) {
        int id = nodes.size() + 1;
        nodes.add(new SegmentNode(id, 0, new int[] {text / 2, text % 2}, none, none, none));
        trajectories.add(new Trajectory(id, FinishReason.EOS, 0));
      }
    }
    return new RolloutTree("p", new int[] {2}, nodes, trajectories);
  }

  private static int prefixOf(RolloutTree tree, int token) {
    int parent = tree.toTokenTree().parents()[token];
    return parent == 0 ? 0 : 1 + tree.toTokenTree().tokens()[parent];
  }

  private static float[] logprobs(RolloutTree tree, double[] ofZero, int size) {
    float[] logprobs = new float[size];
    for (int token = 1; token < size; token++) {
      double zero = ofZero[prefixOf(tree, token)];
      logprobs[token] = (float) Math.log(tree.toTokenTree().tokens()[token] == 0 ? zero : 1 - zero);
    }
    return logprobs;
  }

  private static double reverseKl(double p, double q) {
    return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
  }

  private static double sigmoid(double logit) {
    return 1 / (1 + Math.exp(-logit));
  }
}
