package org.treepo4j.rl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.run.FullPolicy;
import org.treepo4j.rl.run.LoraPolicy;
import org.treepo4j.rl.run.Policy;

/** The gradient of a mini-batch in shards: which run a tree belongs to, and how runs are added. */
class ShardsTest {
  private static final TrainerSettings LOOP = TinyTraining.loop(1, 1, false);
  private static final ShardPass PASS = new ShardPass(LossSettings.defaults(), LOOP, 1);

  @Property
  void runsAreTheListInOrderAndAtMostAsManyAsAskedFor(
      @ForAll @Size(max = 40) List<@IntRange(max = 5000) Integer> items,
      @ForAll @IntRange(min = 1, max = 50) int shards) {
    List<List<Integer>> runs = ShardPass.split(items, Integer::longValue, shards);
    assertThat(runs.stream().flatMap(List::stream).toList()).isEqualTo(items);
    assertThat(runs.size()).isLessThanOrEqualTo(shards);
    assertThat(runs).noneMatch(List::isEmpty);
  }

  @Property
  void noRunIsLargerThanItsShareAndOneItemMore(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(min = 1, max = 5000) Integer> items,
      @ForAll @IntRange(min = 1, max = 12) int shards) {
    long whole = items.stream().mapToLong(Integer::longValue).sum();
    long largest = items.stream().mapToLong(Integer::longValue).max().orElseThrow();
    for (List<Integer> run : ShardPass.split(items, Integer::longValue, shards)) {
      assertThat(run.stream().mapToLong(Integer::longValue).sum())
          .isLessThanOrEqualTo(whole / shards + 1 + largest);
    }
  }

  @Test
  void equalTreesMakeEqualRuns() {
    List<Integer> items = List.of(0, 1, 2, 3, 4, 5, 6, 7);
    assertThat(ShardPass.split(items, item -> 10, 4))
        .containsExactly(List.of(0, 1), List.of(2, 3), List.of(4, 5), List.of(6, 7));
    assertThat(ShardPass.split(items, item -> 10, 100)).hasSize(8);
    assertThat(ShardPass.split(items, item -> 10, 1)).containsExactly(items);
  }

  @Test
  void shardsGiveTheGradientOfTheWholeUpToRounding() {
    List<TrainingTree> trees = trees(7);
    Gradient whole = gradient(trees, 1);
    for (int shards : new int[] {2, 3, 7, 20}) {
      Gradient parts = gradient(trees, shards);
      assertThat(parts.outcome.loss()).isCloseTo(whole.outcome.loss(), within(1e-9));
      assertThat(parts.outcome.statistics().tokens())
          .isEqualTo(whole.outcome.statistics().tokens());
      assertThat(parts.outcome.mismatch().tokens()).isEqualTo(whole.outcome.mismatch().tokens());
      for (int p = 0; p < whole.values.size(); p++) {
        assertThat(parts.values.get(p)).containsExactly(whole.values.get(p), within(2e-6f));
      }
    }
  }

  @Test
  void shardsComputedElsewhereAndAddedInOrderGiveTheSameBits() {
    List<TrainingTree> trees = trees(7);
    List<float[]> sums = new ArrayList<>();
    for (List<TrainingTree> run : ShardPass.split(trees, TrainingTree::uniqueTokens, 3)) {
      try (CausalLm elsewhere = TinyTraining.model()) {
        PASS.gradient(elsewhere, run, LossNormalizer.of(trees), true);
        List<float[]> ofRun = gradients(elsewhere.weights());
        if (sums.isEmpty()) {
          sums.addAll(ofRun);
        } else {
          for (int p = 0; p < sums.size(); p++) {
            GradientSum.add(ofRun.get(p), sums.get(p));
          }
        }
      }
    }
    assertThat(gradient(trees, 3).values).usingRecursiveComparison().isEqualTo(sums);
  }

  @Test
  void adaptersAreCollectedShardByShard() {
    List<TrainingTree> trees = trees(5);
    List<float[]> whole = adapterGradients(trees, 1);
    List<float[]> parts = adapterGradients(trees, 5);
    assertThat(whole).isNotEmpty().anyMatch(values -> values[0] != 0);
    for (int p = 0; p < whole.size(); p++) {
      assertThat(parts.get(p)).containsExactly(whole.get(p), within(1e-5f));
    }
  }

  @Test
  void logprobsComeInTheOrderOfTheTrees() {
    List<TokenTree> trees = trees(5).stream().map(TrainingTree::tokens).toList();
    try (CausalLm model = TinyTraining.model()) {
      Policy policy = new FullPolicy(model, Path.of("model"));
      List<float[]> one = passes(policy, 1).logprobs(PolicyPasses.Model.POLICY, trees);
      List<float[]> four = passes(policy, 4).logprobs(PolicyPasses.Model.POLICY, trees);
      for (int i = 0; i < trees.size(); i++) {
        assertThat(four.get(i)).containsExactly(one.get(i), within(1e-5f));
      }
    }
  }

  @SuppressWarnings("ArrayRecordComponent")
  private record Gradient(ShardPass.Outcome outcome, List<float[]> values) {}

  private static Gradient gradient(List<TrainingTree> trees, int shards) {
    try (CausalLm model = TinyTraining.model()) {
      Policy policy = new FullPolicy(model, Path.of("model"));
      ShardPass.Outcome outcome = passes(policy, shards).gradient(trees, true);
      return new Gradient(outcome, gradients(policy.trainable()));
    }
  }

  private static List<float[]> adapterGradients(List<TrainingTree> trees, int shards) {
    LoraSettings lora = new LoraSettings(2, 4, List.of("q_proj", "down_proj"), false);
    LoraAdapters adapters = LoraAdapters.attach(TinyTraining.weights(), lora, 1);
    try (CausalLm model = TinyTraining.model(adapters.modelWeights())) {
      Policy policy = new LoraPolicy(model, adapters, Path.of("model"));
      // B begins at zero, and with it the gradient of A.
      adapters
          .adapterWeights()
          .parameters()
          .forEach(parameter -> Arrays.fill(parameter.values(), 0.1f));
      policy.weightsChanged();
      passes(policy, shards).gradient(trees, true);
      return gradients(policy.trainable());
    }
  }

  private static PolicyPasses passes(Policy policy, int shards) {
    return new LocalPasses(policy, Optional.empty(), shards, PASS);
  }

  private static List<float[]> gradients(Weights weights) {
    return weights.parameters().stream()
        .filter(Parameter::trainable)
        .map(parameter -> parameter.gradient().clone())
        .toList();
  }

  /** Trees of different sizes, each with two trajectories that share their first token. */
  private static List<TrainingTree> trees(int count) {
    Random random = new Random(5);
    List<TrainingTree> trees = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int prompt = 2 + random.nextInt(6);
      int[] tokens = random.ints(prompt + 3, 1, LetterTokenizer.VOCABULARY).toArray();
      int[] parents = new int[tokens.length];
      for (int t = 0; t < parents.length; t++) {
        parents[t] = t - 1;
      }
      parents[prompt + 2] = prompt;
      int[][] paths = {{prompt, prompt + 1}, {prompt, prompt + 2}};
      double[][] advantages = {{1, 0.5 + i}, {-1, -0.25}};
      float[] old = new float[tokens.length];
      trees.add(new TrainingTree(TokenTree.of(tokens, parents), paths, advantages, old, null));
    }
    return trees;
  }
}
