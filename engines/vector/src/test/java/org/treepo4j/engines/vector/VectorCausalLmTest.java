package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.contract.PlainTransformer;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.WeightStorage;

class VectorCausalLmTest {
  private static final double TEMPERATURE = 0.8;
  private static final ForwardOptions TRAIN = new ForwardOptions(TEMPERATURE, true);

  @Property(tries = 25)
  void scoresEqualThePlainTransformer(
      @ForAll @IntRange(min = 0, max = 4) int model,
      @ForAll @IntRange(min = 1, max = 160) int size,
      @ForAll @DoubleRange(min = 0, max = 1) double branching,
      @ForAll long seed) {
    ModelConfig config = TestModels.all().get(model);
    Random random = new Random(seed);
    Weights weights = TestModels.weights(config, seed);
    List<TokenTree> trees =
        List.of(
            TestModels.tree(config, size, branching, random),
            TestModels.tree(config, 1 + size / 2, branching, random));
    PlainTransformer plain = new PlainTransformer(weights);
    try (CausalLm lm = engine(weights, 2);
        ForwardPass pass = lm.forward(trees, new ForwardOptions(TEMPERATURE, false))) {
      for (int tree = 0; tree < trees.size(); tree++) {
        double[][] expected = plain.scores(trees.get(tree), TEMPERATURE);
        double[][] logits = plain.logits(trees.get(tree));
        for (int i = 0; i < trees.get(tree).size(); i++) {
          assertThat((double) pass.logprobs(tree)[i]).isCloseTo(expected[0][i], within(2e-4));
          assertThat((double) pass.entropies(tree)[i]).isCloseTo(expected[1][i], within(2e-4));
          assertThat((double) pass.logits(tree, i)[0]).isCloseTo(logits[i][0], within(2e-4));
        }
      }
    }
  }

  @Property(tries = 15)
  void gradientsEqualFiniteDifferences(
      @ForAll @IntRange(min = 0, max = 4) int model,
      @ForAll @DoubleRange(min = 0, max = 0.6) double branching,
      @ForAll long seed) {
    ModelConfig config = TestModels.all().get(model);
    Random random = new Random(seed);
    Weights weights = TestModels.weights(config, seed);
    TokenTree tree = TestModels.tree(config, 17, branching, random);
    float[] dLogprob = TestModels.coefficients(tree.size(), 0.3, random);
    float[] dEntropy = TestModels.coefficients(tree.size(), 0.3, random);
    try (CausalLm lm = engine(weights, 2)) {
      gradients(lm, List.of(tree), new float[][] {dLogprob}, new float[][] {dEntropy});
    }
    PlainTransformer plain = new PlainTransformer(weights);
    for (Parameter parameter : weights.parameters()) {
      double norm = norm(parameter.gradient());
      for (int probe = 0; probe < 3; probe++) {
        int at = random.nextInt(parameter.values().length);
        double[] values = plain.tensor(parameter.name());
        double before = values[at];
        double step = 1e-5;
        values[at] = before + step;
        double up = plain.objective(tree, TEMPERATURE, dLogprob, dEntropy);
        values[at] = before - step;
        double down = plain.objective(tree, TEMPERATURE, dLogprob, dEntropy);
        values[at] = before;
        assertThat((double) parameter.gradient()[at])
            .as(parameter.name() + "[" + at + "]")
            .isCloseTo((up - down) / (2 * step), within(1e-4 + 1e-4 * norm));
      }
    }
  }

  @Property(tries = 8)
  void theTreeGradientIsTheFlattenedGradient(
      @ForAll @IntRange(min = 0, max = 4) int model, @ForAll long seed) {
    ModelConfig config = TestModels.all().get(model);
    Random random = new Random(seed);
    TokenTree tree = TestModels.tree(config, 30, 0.2, random);
    Weights treeWeights = TestModels.weights(config, seed);
    Weights flatWeights = TestModels.weights(config, seed);
    boolean[] inner = new boolean[tree.size()];
    for (int i = 1; i < tree.size(); i++) {
      inner[tree.parents()[i]] = true;
    }
    float[] dTree = new float[tree.size()];
    List<TokenTree> paths = new ArrayList<>();
    List<float[]> dPaths = new ArrayList<>();
    for (int leaf = 0; leaf < tree.size(); leaf++) {
      if (!inner[leaf]) {
        int[] path = tree.path(leaf);
        int[] tokens = new int[path.length];
        float[] dPath = TestModels.coefficients(path.length, 0.2, random);
        for (int i = 0; i < path.length; i++) {
          tokens[i] = tree.tokens()[path[i]];
          dTree[path[i]] += dPath[i];
        }
        paths.add(TokenTree.chain(tokens));
        dPaths.add(dPath);
      }
    }
    try (CausalLm lm = engine(treeWeights, 2)) {
      gradients(lm, List.of(tree), new float[][] {dTree}, null);
    }
    try (CausalLm lm = engine(flatWeights, 1)) {
      gradients(lm, paths, dPaths.toArray(new float[0][]), null);
    }
    assertSameGradients(treeWeights, flatWeights, 1e-5);
  }

  @Test
  void gradientsAreBitIdenticalWhateverTheThreadsAndWhateverIsKept() {
    List<ModelConfig> configs = new ArrayList<>(TestModels.all());
    configs.add(TestModels.deep());
    for (ModelConfig config : configs) {
      Random random = new Random(5);
      List<TokenTree> trees =
          List.of(
              TestModels.tree(config, 300, 0.05, random), TestModels.tree(config, 90, 0, random));
      float[][] dLogprob = {
        TestModels.coefficients(300, 0.1, random), TestModels.coefficients(90, 0.1, random)
      };
      Weights one = TestModels.weights(config, 3);
      try (CausalLm lm = engine(one, 1)) {
        gradients(lm, trees, dLogprob, dLogprob);
      }
      for (int blocks = 0; blocks < config.layers(); blocks++) {
        Weights three = TestModels.weights(config, 3);
        long kept = blocks * 390 * Float.BYTES * VectorMemory.inner(config);
        VectorOptions options = new VectorOptions(3, WeightStorage.F32, OptionalLong.of(kept));
        try (CausalLm lm = new VectorCausalLm(three, options)) {
          gradients(lm, trees.subList(0, 1), new float[][] {new float[300]}, null);
          gradients(lm, trees, dLogprob, dLogprob);
        }
        assertSameGradients(one, three, 0);
      }
    }
  }

  @Test
  void aPassBetweenForwardAndBackwardDisturbsNothing() {
    ModelConfig config = TestModels.deep();
    Random random = new Random(6);
    TokenTree tree = TestModels.tree(config, 90, 0.05, random);
    float[][] dLogprob = {TestModels.coefficients(90, 0.1, random)};
    Weights alone = TestModels.weights(config, 3);
    Weights disturbed = TestModels.weights(config, 3);
    try (CausalLm lm = engine(alone, 2)) {
      gradients(lm, List.of(tree), dLogprob, null);
    }
    VectorOptions options = new VectorOptions(2, WeightStorage.F32, OptionalLong.of(0));
    try (CausalLm lm = new VectorCausalLm(disturbed, options);
        ForwardPass pass = lm.forward(List.of(tree), TRAIN)) {
      TokenTree other = TestModels.tree(config, 120, 0.05, random);
      lm.forward(List.of(other), TRAIN).close();
      pass.backward(dLogprob, null);
    }
    assertSameGradients(alone, disturbed, 0);
  }

  @Test
  void gradientsAddUpOverMicroBatches() {
    ModelConfig config = TestModels.qwen2();
    Random random = new Random(7);
    TokenTree first = TestModels.tree(config, 70, 0.1, random);
    TokenTree second = TestModels.tree(config, 150, 0.1, random);
    float[] dFirst = TestModels.coefficients(70, 0, random);
    float[] dSecond = TestModels.coefficients(150, 0, random);
    Weights together = TestModels.weights(config, 3);
    Weights apart = TestModels.weights(config, 3);
    try (CausalLm lm = engine(together, 2)) {
      gradients(lm, List.of(first, second), new float[][] {dFirst, dSecond}, null);
    }
    try (CausalLm lm = engine(apart, 2)) {
      gradients(lm, List.of(second), new float[][] {dSecond}, null);
      gradients(lm, List.of(first), new float[][] {dFirst}, null);
    }
    assertSameGradients(together, apart, 1e-5);
  }

  @Test
  void frozenWeightsGetNoGradient() {
    ModelConfig config = TestModels.qwen2();
    List<Parameter> frozen = new ArrayList<>();
    for (Parameter p : TestModels.weights(config, 3).parameters()) {
      frozen.add(new Parameter(p.name(), p.shape(), p.values(), false));
    }
    Weights weights = new Weights(config, frozen);
    TokenTree tree = TokenTree.chain(1, 2, 3);
    try (CausalLm lm = engine(weights, 1)) {
      gradients(lm, List.of(tree), new float[][] {{0, 1, 1}}, null);
    }
    for (Parameter parameter : weights.parameters()) {
      assertThat(parameter.gradient()).containsOnly(0f);
    }
  }

  @Test
  void misuseIsNamed() {
    ModelConfig config = TestModels.qwen2();
    try (CausalLm lm = engine(TestModels.weights(config, 1), 1)) {
      assertThatThrownBy(() -> lm.forward(List.of(TokenTree.chain(0, 53)), TRAIN))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("token 1 of tree 0 is outside the vocabulary of 53: 53");
      ForwardPass pass = lm.forward(List.of(TokenTree.chain(0, 1)), ForwardOptions.SCORE);
      assertThatThrownBy(() -> pass.backward(new float[][] {{0, 1}}, null))
          .isInstanceOf(IllegalStateException.class);
      pass.close();
      assertThatThrownBy(() -> pass.logprobs(0)).isInstanceOf(IllegalStateException.class);
    }
  }

  private static CausalLm engine(Weights weights, int threads) {
    return new VectorCausalLm(weights, VectorOptions.of(threads, WeightStorage.F32));
  }

  private static void gradients(
      CausalLm lm, List<TokenTree> trees, float[][] dLogprob, float[][] dEntropy) {
    try (ForwardPass pass = lm.forward(trees, TRAIN)) {
      pass.backward(dLogprob, dEntropy);
    }
  }

  private static void assertSameGradients(Weights expected, Weights actual, double tolerance) {
    for (Parameter parameter : expected.parameters()) {
      float[] wanted = parameter.gradient();
      float[] found = actual.parameter(parameter.name()).gradient();
      double limit = tolerance * (1 + norm(wanted));
      for (int i = 0; i < wanted.length; i++) {
        assertThat((double) found[i])
            .as(parameter.name() + "[" + i + "]")
            .isCloseTo(wanted[i], within(limit));
      }
    }
  }

  private static double norm(float[] values) {
    double square = 0;
    for (float value : values) {
      square += (double) value * value;
    }
    return Math.sqrt(square);
  }
}
