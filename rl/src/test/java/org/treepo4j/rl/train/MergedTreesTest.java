package org.treepo4j.rl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.run.FullPolicy;
import org.treepo4j.rl.run.LearningRateSchedule;
import org.treepo4j.rl.run.OptimizerSettings;
import org.treepo4j.rl.run.WeightUpdate;

/** Prompts that begin alike are scored and trained on as one tree, to the same effect. */
class MergedTreesTest {
  /** Both begin with ten tokens of one kind; the paths of the first share a token as well. */
  private static final TokenTree FIRST =
      TokenTree.of(
          new int[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5},
          new int[] {-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11});

  private static final TokenTree SECOND =
      TokenTree.of(
          new int[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 6, 7},
          new int[] {-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10});

  @Test
  void theUpdateIsThatOfFlattenedTrajectoriesWithFewerTokens() {
    float[] merged;
    try (CausalLm model = TinyTraining.model()) {
      assertThat(update(model, true).passes().computedTokens()).isEqualTo(14 + 3);
      merged = embedding(model);
    }
    try (CausalLm model = TinyTraining.model()) {
      assertThat(update(model, false).passes().computedTokens()).isEqualTo(2 * 13 + 2 * 12);
      assertThat(merged).containsExactly(embedding(model), offset(1e-6f));
    }
    try (CausalLm model = TinyTraining.model()) {
      assertThat(merged).isNotEqualTo(embedding(model));
    }
  }

  @Test
  void scoresAreThoseOfTheTreesAlone() {
    try (CausalLm model = TinyTraining.model()) {
      List<float[]> together = new Scoring(0.8, 1000).logprobs(model, List.of(FIRST, SECOND));
      for (int i = 0; i < 2; i++) {
        TokenTree tree = List.of(FIRST, SECOND).get(i);
        try (ForwardPass alone = model.forward(List.of(tree), new ForwardOptions(0.8, false))) {
          assertThat(together.get(i)).containsExactly(alone.logprobs(0), within(1e-5f));
        }
      }
    }
  }

  private static TrainingStep.Update update(CausalLm model, boolean treeTraining) {
    TrainerSettings loop =
        new TrainerSettings(
            1,
            0,
            2,
            2,
            1,
            1000,
            1,
            treeTraining,
            TrainerSettings.Routing.REPLAY,
            true,
            10,
            false,
            2,
            1);
    OptimizerSettings optimizer =
        new OptimizerSettings(
            new LearningRateSchedule(0.01, 0, LearningRateSchedule.Shape.CONSTANT, 0),
            0.9,
            0.999,
            1, // so that rounding in the gradient stays rounding in the update
            0,
            1);
    FullPolicy policy = new FullPolicy(model, Path.of("model"));
    WeightUpdate weights = new WeightUpdate(policy, optimizer, 1, 1);
    PolicyPasses passes =
        new LocalPasses(
            policy, Optional.empty(), 1, new ShardPass(LossSettings.defaults(), loop, 1));
    return new PolicyUpdate(passes, weights, loop)
        .run(
            List.of(
                tree(FIRST, new int[][] {{11, 12}, {11, 13}}, 1, -0.5),
                tree(SECOND, new int[][] {{11}, {12}}, -2, 0.7)),
            0,
            true);
  }

  private static TrainingTree tree(TokenTree tokens, int[][] paths, double first, double second) {
    double[][] advantages = new double[2][paths[0].length];
    Arrays.fill(advantages[0], first);
    Arrays.fill(advantages[1], second);
    return new TrainingTree(tokens, paths, advantages, new float[tokens.size()], null);
  }

  private static float[] embedding(CausalLm model) {
    return model.weights().parameter("model.embed_tokens.weight").values().clone();
  }
}
