package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/** The laws of forward and backward passes that every engine keeps. */
public interface CausalLmContract extends OptimizerContract {

  /** Opens the engine under test. */
  @Override
  CausalLm open(Weights weights);

  /** Whether it has the layers of a family; one that it refuses is left out. */
  @Override
  default boolean runs(TinyModels family) {
    return true;
  }

  @Property(tries = 12)
  default void logprobsAndEntropiesAreThoseOfTheLogits(
      @ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Random random = new Random(seed);
    int vocab = family.config().vocabSize();
    List<TokenTree> trees = RandomTrees.forest(random, 2, 12, vocab);
    double temperature = 0.5 + random.nextDouble();
    try (CausalLm model = open(family.weights(seed));
        ForwardPass pass = model.forward(trees, new ForwardOptions(temperature, false))) {
      for (int t = 0; t < trees.size(); t++) {
        TokenTree tree = trees.get(t);
        float[] logprobs = pass.logprobs(t);
        float[] entropies = pass.entropies(t);
        assertThat(logprobs[0]).isZero();
        for (int i = 0; i < tree.size(); i++) {
          double[] next = EngineMath.logSoftmax(pass.logits(t, i), temperature);
          assertThat((double) entropies[i]).isCloseTo(EngineMath.entropy(next), within(1e-4));
          for (int child = i + 1; child < tree.size(); child++) {
            if (tree.parents()[child] == i) {
              assertThat((double) logprobs[child])
                  .isCloseTo(next[tree.tokens()[child]], within(1e-4));
            }
          }
        }
      }
    }
  }

  @Property(tries = 12)
  default void treeScoresAndGradientAreThoseOfItsFlattenedPaths(
      @ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Random random = new Random(seed);
    TokenTree tree = RandomTrees.tree(random, 2 + random.nextInt(20), family.config().vocabSize());
    List<Integer> leaves = RandomTrees.leaves(tree);
    List<TokenTree> paths = leaves.stream().map(leaf -> RandomTrees.chain(tree, leaf)).toList();
    float[][] pathLogprob = RandomTrees.coefficients(random, paths);
    float[][] pathEntropy = RandomTrees.coefficients(random, paths);
    float[][] treeLogprob = {new float[tree.size()]};
    float[][] treeEntropy = {new float[tree.size()]};
    for (int p = 0; p < paths.size(); p++) {
      int[] indices = tree.path(leaves.get(p));
      for (int i = 0; i < indices.length; i++) {
        treeLogprob[0][indices[i]] += pathLogprob[p][i];
        treeEntropy[0][indices[i]] += pathEntropy[p][i];
      }
    }
    try (CausalLm model = open(family.weights(seed));
        ForwardPass shared = model.forward(List.of(tree), ForwardOptions.TRAIN);
        ForwardPass flat = model.forward(paths, ForwardOptions.TRAIN)) {
      for (int p = 0; p < paths.size(); p++) {
        int[] indices = tree.path(leaves.get(p));
        for (int i = 0; i < indices.length; i++) {
          assertThat(flat.logprobs(p)[i]).isCloseTo(shared.logprobs(0)[indices[i]], within(1e-4f));
          assertThat(flat.entropies(p)[i])
              .isCloseTo(shared.entropies(0)[indices[i]], within(1e-4f));
        }
      }
      shared.backward(treeLogprob, treeEntropy);
      Map<String, float[]> ofTree = EngineMath.gradients(model.weights());
      model.weights().zeroGradients();
      flat.backward(pathLogprob, pathEntropy);
      EngineMath.assertGradientsClose(ofTree, EngineMath.gradients(model.weights()), 1e-4);
    }
  }

  @Property(tries = 12)
  default void gradientDoesNotDependOnTheSplitIntoCalls(
      @ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Random random = new Random(seed);
    List<TokenTree> trees = RandomTrees.forest(random, 4, 15, family.config().vocabSize());
    float[][] dLogprob = RandomTrees.coefficients(random, trees);
    float[][] dEntropy = RandomTrees.coefficients(random, trees);
    try (CausalLm model = open(family.weights(seed))) {
      try (ForwardPass pass = model.forward(trees, ForwardOptions.TRAIN)) {
        pass.backward(dLogprob, dEntropy);
      }
      Map<String, float[]> together = EngineMath.gradients(model.weights());
      model.weights().zeroGradients();
      for (int t = 0; t < trees.size(); t++) {
        try (ForwardPass pass = model.forward(trees.subList(t, t + 1), ForwardOptions.TRAIN)) {
          pass.backward(new float[][] {dLogprob[t]}, new float[][] {dEntropy[t]});
        }
      }
      EngineMath.assertGradientsClose(EngineMath.gradients(model.weights()), together, 1e-4);
    }
  }

  @Property(tries = 16)
  default void gradientIsTheSlopeOfTheScore(@ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Random random = new Random(seed);
    List<TokenTree> trees = RandomTrees.forest(random, 2, 12, family.config().vocabSize());
    float[][] dLogprob = RandomTrees.coefficients(random, trees);
    float[][] dEntropy = RandomTrees.coefficients(random, trees);
    ForwardOptions options = new ForwardOptions(0.5 + random.nextDouble(), true);
    try (CausalLm model = open(family.weights(seed))) {
      // Where a step makes a token go to another expert there is no slope.
      List<TokenTree> routed = new ArrayList<>();
      try (ForwardPass pass = model.forward(trees, options)) {
        for (int t = 0; t < trees.size(); t++) {
          routed.add(routed(trees.get(t), pass.experts(t)));
        }
        pass.backward(dLogprob, dEntropy);
      }
      for (Parameter parameter : model.weights().parameters()) {
        // Along the gradient itself the slope is its norm; a step of fixed effect on the score
        // keeps the difference above float32 rounding and the curvature below it.
        float[] direction = parameter.gradient().clone();
        double norm = 0;
        for (float g : direction) {
          norm += (double) g * g;
        }
        norm = Math.sqrt(norm);
        if (norm < 1e-3) {
          continue;
        }
        double length = Math.min(0.02, 0.02 / norm);
        double whole = norm;
        DoubleUnaryOperator score =
            step ->
                shifted(
                    model, parameter, direction, step / whole, routed, options, dLogprob, dEntropy);
        double allowed = 0.02 * norm + 2e-3;
        double slope = difference(score, length);
        if (Math.abs(slope - norm) > allowed) { // the curvature's curvature; half the step tells it
          slope = (4 * difference(score, length / 2) - slope) / 3;
        }
        assertThat(slope)
            .as("slope of the score along the gradient of %s", parameter.name())
            .isCloseTo(norm, within(allowed));
      }
    }
  }

  private static double difference(DoubleUnaryOperator score, double length) {
    return (score.applyAsDouble(length) - score.applyAsDouble(-length)) / (2 * length);
  }

  private static double shifted(
      CausalLm model,
      Parameter parameter,
      float[] direction,
      double step,
      List<TokenTree> trees,
      ForwardOptions options,
      float[][] dLogprob,
      float[][] dEntropy) {
    float[] saved = parameter.values().clone();
    for (int i = 0; i < saved.length; i++) {
      parameter.values()[i] += (float) (step * direction[i]);
    }
    model.weightsChanged();
    double score = 0;
    try (ForwardPass pass = model.forward(trees, options)) {
      for (int t = 0; t < trees.size(); t++) {
        float[] logprobs = pass.logprobs(t);
        float[] entropies = pass.entropies(t);
        for (int i = 0; i < logprobs.length; i++) {
          score += (double) dLogprob[t][i] * logprobs[i] + (double) dEntropy[t][i] * entropies[i];
        }
      }
    }
    System.arraycopy(saved, 0, parameter.values(), 0, saved.length);
    model.weightsChanged();
    return score;
  }

  @ParameterizedTest
  @EnumSource(
      value = TinyModels.class,
      names = {"QWEN3_MOE", "OLMOE"})
  default void expertsThatWereChosenAreTakenAgain(TinyModels family) {
    assumeTrue(runs(family), "refused by this engine");
    Experts mixture = family.config().design().experts();
    long seed = 5;
    Random random = new Random(seed);
    TokenTree tree = RandomTrees.tree(random, 12, family.config().vocabSize());
    try (CausalLm model = open(family.weights(seed));
        ForwardPass free = model.forward(List.of(tree), ForwardOptions.SCORE);
        ForwardPass same =
            model.forward(List.of(routed(tree, free.experts(0))), ForwardOptions.SCORE)) {
      short[] experts = free.experts(0);
      int perToken = family.config().layers() * mixture.perToken();
      assertThat(experts).hasSize(12 * perToken);
      assertThat(same.experts(0)).isEqualTo(experts);
      assertThat(same.logprobs(0)).isEqualTo(free.logprobs(0));
      for (int i = 0; i < mixture.perToken(); i++) {
        experts[i] = (short) ((experts[i] + 1) % mixture.count());
      }
      experts[11 * perToken] = -1;
      try (ForwardPass other =
          model.forward(List.of(routed(tree, experts)), ForwardOptions.SCORE)) {
        assertThat(Arrays.copyOf(other.experts(0), 11 * perToken))
            .isEqualTo(Arrays.copyOf(experts, 11 * perToken));
        assertThat(other.logits(0, 0)).isNotEqualTo(free.logits(0, 0));
        assertThat(other.experts(0)[11 * perToken]).isNotNegative();
      }
      experts[0] = (short) mixture.count();
      assertThatThrownBy(() -> model.forward(List.of(routed(tree, experts)), ForwardOptions.SCORE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("token 0 of tree 0 cannot go to expert " + mixture.count());
      assertThatThrownBy(
              () ->
                  model.forward(
                      List.of(tree.withExperts(new short[12 * perToken + 12])),
                      ForwardOptions.SCORE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("must have " + perToken + " experts, had " + (perToken + 1));
    }
  }

  private static TokenTree routed(TokenTree tree, short[] experts) {
    return experts.length == 0 ? tree : tree.withExperts(experts);
  }

  @Test
  default void aDenseModelRefusesExperts() {
    try (CausalLm model = open(TinyModels.LLAMA.weights(1))) {
      TokenTree tree = TokenTree.chain(1, 2).withExperts(new short[4]);
      assertThatThrownBy(() -> model.forward(List.of(tree), ForwardOptions.SCORE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("experts");
    }
  }

  @Property(tries = 8)
  default void frozenParametersGetNoGradientAndChangeNoOther(
      @ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Random random = new Random(seed);
    List<TokenTree> trees = RandomTrees.forest(random, 2, 12, family.config().vocabSize());
    float[][] dLogprob = RandomTrees.coefficients(random, trees);
    String[] frozen =
        TensorNames.shapes(family.config()).keySet().stream()
            .filter(name -> random.nextBoolean())
            .toArray(String[]::new);
    Map<String, float[]> expected = gradients(family.weights(seed), trees, dLogprob);
    Map<String, float[]> actual = gradients(family.weights(seed, frozen), trees, dLogprob);
    for (String name : frozen) {
      expected.put(name, new float[expected.get(name).length]);
    }
    EngineMath.assertGradientsClose(actual, expected, 1e-5);
  }

  private Map<String, float[]> gradients(
      Weights weights, List<TokenTree> trees, float[][] dLogprob) {
    try (CausalLm model = open(weights);
        ForwardPass pass = model.forward(trees, ForwardOptions.TRAIN)) {
      pass.backward(dLogprob, null);
      return EngineMath.gradients(weights);
    }
  }

  @ParameterizedTest
  @EnumSource
  default void aTreeOfOneTokenHasAGradient(TinyModels family) {
    assumeTrue(runs(family), "refused by this engine");
    try (CausalLm model = open(family.weights(1));
        ForwardPass pass = model.forward(List.of(TokenTree.chain(3)), ForwardOptions.TRAIN)) {
      pass.backward(new float[][] {{1}}, new float[][] {{1}});
      for (float slope : model.weights().parameter(TensorNames.FINAL_NORM).gradient()) {
        assertThat(slope).isFinite();
      }
    }
  }

  @Test
  default void gradientsAccumulateOverPasses() {
    TokenTree tree = TokenTree.chain(3, 1, 4, 1, 5);
    float[][] ones = {{1, 1, 1, 1, 1}};
    float[][] twos = {{2, 2, 2, 2, 2}};
    try (CausalLm model = open(TinyModels.QWEN2.weights(1))) {
      for (int i = 0; i < 2; i++) {
        try (ForwardPass pass = model.forward(List.of(tree), ForwardOptions.TRAIN)) {
          pass.backward(ones, null);
        }
      }
      Map<String, float[]> accumulated = EngineMath.gradients(model.weights());
      model.weights().zeroGradients();
      try (ForwardPass pass = model.forward(List.of(tree), ForwardOptions.TRAIN)) {
        pass.backward(twos, null);
      }
      EngineMath.assertGradientsClose(EngineMath.gradients(model.weights()), accumulated, 1e-5);
    }
  }

  @Test
  default void backwardRunsOnceAndOnlyWhenAskedFor() {
    List<TokenTree> trees = List.of(TokenTree.chain(3, 1, 4));
    float[][] ones = {{1, 1, 1}};
    try (CausalLm model = open(TinyModels.LLAMA.weights(1));
        ForwardPass scoring = model.forward(trees, ForwardOptions.SCORE);
        ForwardPass training = model.forward(trees, ForwardOptions.TRAIN)) {
      assertThatThrownBy(() -> scoring.backward(ones, null))
          .isInstanceOf(IllegalStateException.class);
      training.backward(ones, null);
      assertThatThrownBy(() -> training.backward(ones, null))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  default void forwardRefusesWhatTheModelCannotRead() {
    try (CausalLm model = open(TinyModels.LLAMA.weights(1))) {
      int vocab = model.config().vocabSize();
      for (int token : new int[] {-1, vocab}) {
        assertThatThrownBy(
                () -> model.forward(List.of(TokenTree.chain(0, token)), ForwardOptions.SCORE))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(String.valueOf(token));
      }
      TokenTree tooLong = TokenTree.chain(new int[model.config().maxPositions() + 1]);
      assertThatThrownBy(() -> model.forward(List.of(tooLong), ForwardOptions.SCORE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(String.valueOf(model.config().maxPositions()));
    }
  }
}
