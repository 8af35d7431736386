package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.GradientClipping;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.Optimizer;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/** What every engine's optimiser does: what {@link AdamW} does on the heap. */
public interface OptimizerContract {
  AdamW.Settings ADAM_W = new AdamW.Settings(0.9, 0.99, 1e-4, 0.1);
  double LEARNING_RATE = 0.01;

  /** Opens the engine under test. */
  CausalLm open(Weights weights);

  /** Whether it has the layers of a family; one that it refuses is left out. */
  default boolean runs(TinyModels family) {
    return true;
  }

  @Property(tries = 8)
  default void theOptimizerTakesTheStepsOfAdamW(@ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Weights weights = family.weights(seed, "model.layers.1.mlp.up_proj.weight");
    Weights expected = copy(weights);
    try (CausalLm model = open(weights)) {
      assertStepsOfAdamW(model, weights, expected, seed);
      TokenTree tree = RandomTrees.tree(new Random(seed), 9, family.config().vocabSize());
      try (CausalLm fresh = open(expected);
          ForwardPass pass = model.forward(List.of(tree), ForwardOptions.SCORE);
          ForwardPass same = fresh.forward(List.of(tree), ForwardOptions.SCORE)) {
        assertThat(pass.logprobs(0)).containsExactly(same.logprobs(0), within(1e-4f));
      }
    }
  }

  @Property(tries = 6)
  default void adaptersTakeTheStepsOfAdamW(@ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    LoraSettings settings = new LoraSettings(3, 5, List.of("all-linear"), seed % 2 == 0);
    LoraAdapters adapters = LoraAdapters.attach(family.weights(seed), settings, seed);
    Weights trained = adapters.adapterWeights();
    try (CausalLm model = open(adapters.modelWeights())) {
      assertStepsOfAdamW(model, trained, copy(trained), seed);
    }
  }

  private static void assertStepsOfAdamW(
      CausalLm model, Weights weights, Weights expected, long seed) {
    Optimizer optimizer = model.optimizer(weights, ADAM_W);
    AdamW adamW = new AdamW(expected, ADAM_W);
    for (int step = 0; step < 3; step++) {
      backward(model, seed + step);
      double norm = optimizer.gradientNorm();
      float scale = GradientClipping.scale(norm, 0.5);
      optimizer.step(LEARNING_RATE, scale);
      for (Parameter parameter : expected.parameters()) {
        float[] gradient = weights.parameter(parameter.name()).gradient();
        System.arraycopy(gradient, 0, parameter.gradient(), 0, gradient.length);
      }
      double normOnTheHeap = GradientClipping.globalNorm(expected);
      assertThat(norm).isPositive().isCloseTo(normOnTheHeap, within(1e-6 * normOnTheHeap));
      adamW.step(LEARNING_RATE, scale);
      for (Parameter parameter : expected.parameters()) {
        assertThat(weights.parameter(parameter.name()).values())
            .as("%s after step %s", parameter.name(), step)
            .containsExactly(parameter.values(), within(2e-6f));
      }
      weights.zeroGradients();
      assertThat(optimizer.gradientNorm()).isZero();
    }
    assertThat(optimizer.steps()).isEqualTo(3);
    Map<String, float[]> state = optimizer.state();
    assertThat(state.keySet()).containsExactlyElementsOf(adamW.state().keySet());
    adamW.state().forEach((name, moments) -> assertClose(name, state.get(name), moments));
  }

  private static void assertClose(String name, float[] actual, float[] expected) {
    double greatest = 0;
    for (float value : expected) {
      greatest = Math.max(greatest, Math.abs(value));
    }
    assertThat(actual).as(name).containsExactly(expected, within((float) (1e-5 * greatest)));
  }

  @Test
  default void anOptimizerThatGoesOnFromASavedStateTakesTheSameSteps() {
    Weights weights = TinyModels.QWEN3.weights(5);
    Weights resumed;
    Map<String, float[]> saved = new LinkedHashMap<>();
    try (CausalLm model = open(weights)) {
      Optimizer optimizer = model.optimizer(weights, ADAM_W);
      for (int step = 0; step < 2; step++) {
        step(model, optimizer, weights, step);
      }
      resumed = copy(weights);
      optimizer.state().forEach((name, moments) -> saved.put(name, moments.clone()));
      step(model, optimizer, weights, 2);
    }
    try (CausalLm model = open(resumed)) {
      Optimizer optimizer = model.optimizer(resumed, ADAM_W);
      optimizer.restore(2, saved);
      step(model, optimizer, resumed, 2);
      assertThat(optimizer.steps()).isEqualTo(3);
      Map<String, float[]> whole = new LinkedHashMap<>(saved);
      saved.remove(saved.keySet().iterator().next());
      assertThatThrownBy(() -> optimizer.restore(2, saved))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("lacks the array");
      whole.put("surplus", new float[1]);
      assertThatThrownBy(() -> optimizer.restore(2, whole))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("surplus");
      assertThat(optimizer.steps()).isEqualTo(3);
    }
    for (Parameter parameter : weights.parameters()) {
      assertThat(resumed.parameter(parameter.name()).values())
          .as(parameter.name())
          .isEqualTo(parameter.values());
    }
  }

  /** Whoever writes gradients and values on the heap, as a sum over shards does, is heard. */
  @Test
  default void whatIsWrittenOnTheHeapCounts() {
    Weights weights = TinyModels.QWEN2.weights(5);
    try (CausalLm model = open(weights)) {
      Optimizer optimizer = model.optimizer(weights, ADAM_W);
      backward(model, 1);
      double norm = optimizer.gradientNorm();
      for (Parameter parameter : weights.parameters()) {
        for (int i = 0; i < parameter.size(); i++) {
          parameter.gradient()[i] *= 2;
        }
      }
      assertThat(optimizer.gradientNorm()).isCloseTo(2 * norm, within(1e-5 * norm));
      backward(model, 1);
      assertThat(optimizer.gradientNorm()).isCloseTo(3 * norm, within(1e-5 * norm));
      optimizer.step(LEARNING_RATE, 1);
      Parameter some = weights.parameters().iterator().next();
      float before = some.values()[7];
      some.values()[7] = before + 1;
      model.weightsChanged();
      optimizer.step(0, 1);
      assertThat(some.values()[7]).isEqualTo(before + 1);
    }
  }

  private static void step(CausalLm model, Optimizer optimizer, Weights weights, long seed) {
    backward(model, seed);
    optimizer.step(LEARNING_RATE, 1);
    weights.zeroGradients();
  }

  private static void backward(CausalLm model, long seed) {
    Random random = new Random(seed);
    List<TokenTree> trees = RandomTrees.forest(random, 2, 9, model.config().vocabSize());
    try (ForwardPass pass = model.forward(trees, ForwardOptions.TRAIN)) {
      pass.backward(
          RandomTrees.coefficients(random, trees), RandomTrees.coefficients(random, trees));
    }
  }

  private static Weights copy(Weights weights) {
    List<Parameter> copies = new ArrayList<>();
    for (Parameter parameter : weights.parameters()) {
      copies.add(
          new Parameter(
              parameter.name(),
              parameter.shape(),
              parameter.values().clone(),
              parameter.trainable()));
    }
    return new Weights(weights.config(), copies).withRotaryPrecision(weights.rotaryPrecision());
  }
}
