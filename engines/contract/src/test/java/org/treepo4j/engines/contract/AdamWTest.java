package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.GradientClipping;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.Weights;

class AdamWTest {
  private static final String MATRIX = "model.layers.0.mlp.up_proj.weight";
  private static final String NORM = "model.norm.weight";

  private static Weights weights() {
    return new Weights(
        TinyModels.LLAMA.config(),
        List.of(
            new Parameter(MATRIX, new int[] {1, 3}, new float[] {0.5f, -1f, 2f}, true),
            new Parameter(NORM, new int[] {2}, new float[] {1f, 1.5f}, true),
            new Parameter("frozen", new int[] {1, 1}, new float[] {3f}, false)));
  }

  private static AdamW optimizer(Weights weights) {
    return new AdamW(weights, 0.9, 0.99, 1e-6, 0.1);
  }

  private static void randomGradients(Weights weights, Random random) {
    for (Parameter parameter : weights.parameters()) {
      for (int i = 0; i < parameter.gradient().length; i++) {
        parameter.gradient()[i] = (float) random.nextGaussian();
      }
    }
  }

  @Test
  void followsTheAlgorithmInDoublePrecision() {
    Weights weights = weights();
    AdamW adam = optimizer(weights);
    Random random = new Random(1);
    double learningRate = 0.01;
    Map<String, double[]> expected = new LinkedHashMap<>();
    Map<String, double[]> first = new HashMap<>();
    Map<String, double[]> second = new HashMap<>();
    for (Parameter p : weights.parameters()) {
      double[] values = new double[p.values().length];
      for (int i = 0; i < values.length; i++) {
        values[i] = p.values()[i];
      }
      expected.put(p.name(), values);
      first.put(p.name(), new double[values.length]);
      second.put(p.name(), new double[values.length]);
    }
    for (int t = 1; t <= 20; t++) {
      randomGradients(weights, random);
      for (Parameter p : weights.parameters()) {
        if (!p.trainable()) {
          continue;
        }
        for (int i = 0; i < p.values().length; i++) {
          double g = p.gradient()[i];
          double m = 0.9 * first.get(p.name())[i] + 0.1 * g;
          double v = 0.99 * second.get(p.name())[i] + 0.01 * g * g;
          first.get(p.name())[i] = m;
          second.get(p.name())[i] = v;
          double decay = p.name().equals(MATRIX) ? 1 - learningRate * 0.1 : 1;
          double step = m / (1 - Math.pow(0.9, t));
          double scale = Math.sqrt(v / (1 - Math.pow(0.99, t))) + 1e-6;
          expected.get(p.name())[i] =
              expected.get(p.name())[i] * decay - learningRate * step / scale;
        }
      }
      adam.step(learningRate);
    }
    for (Parameter p : weights.parameters()) {
      for (int i = 0; i < p.values().length; i++) {
        assertThat((double) p.values()[i]).isCloseTo(expected.get(p.name())[i], within(1e-5));
      }
    }
    assertThat(weights.parameter("frozen").values()).containsExactly(3f);
    assertThat(adam.steps()).isEqualTo(20);
  }

  /** A tensor of many pieces, and the same numbers as tensors too small to be cut. */
  @Test
  void howTheNumbersAreCutIntoPiecesChangesNothing() {
    int size = 70_003;
    int part = 1_000;
    Random random = new Random(4);
    float[] values = new float[size];
    float[] gradient = new float[size];
    List<Parameter> parts = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
      gradient[i] = (float) random.nextGaussian();
    }
    for (int from = 0; from < size; from += part) {
      float[] some = Arrays.copyOfRange(values, from, Math.min(size, from + part));
      parts.add(new Parameter("part" + from, new int[] {1, some.length}, some, true));
    }
    Parameter one = new Parameter("whole", new int[] {1, size}, values, true);
    Weights whole = new Weights(TinyModels.LLAMA.config(), List.of(one));
    Weights cut = new Weights(TinyModels.LLAMA.config(), parts);
    for (int i = 0; i < size; i++) {
      one.gradient()[i] = gradient[i];
      parts.get(i / part).gradient()[i % part] = 0.25f * gradient[i];
    }
    optimizer(whole).step(0.01, 0.25f);
    optimizer(cut).step(0.01);
    for (int i = 0; i < size; i++) {
      assertThat(parts.get(i / part).values()[i % part]).isEqualTo(values[i]);
    }
    assertThat(GradientClipping.globalNorm(cut))
        .isCloseTo(0.25 * GradientClipping.globalNorm(whole), within(1e-9));
  }

  @Test
  void aRestoredOptimizerContinuesBitForBit() {
    Weights uninterrupted = weights();
    AdamW adam = optimizer(uninterrupted);
    Random random = new Random(2);
    for (int t = 0; t < 5; t++) {
      randomGradients(uninterrupted, random);
      adam.step(0.01);
    }
    Weights resumed = weights();
    for (Parameter p : resumed.parameters()) {
      float[] from = uninterrupted.parameter(p.name()).values();
      System.arraycopy(from, 0, p.values(), 0, from.length);
    }
    AdamW restored = optimizer(resumed);
    restored.restore(adam.steps(), adam.state());
    randomGradients(uninterrupted, new Random(3));
    randomGradients(resumed, new Random(3));
    adam.step(0.01);
    restored.step(0.01);
    for (Parameter p : resumed.parameters()) {
      assertThat(p.values()).isEqualTo(uninterrupted.parameter(p.name()).values());
    }
  }

  @Test
  void refusesAForeignState() {
    AdamW adam = optimizer(weights());
    Map<String, float[]> missing = new LinkedHashMap<>(adam.state());
    missing.remove(NORM + ".exp_avg");
    assertThatThrownBy(() -> adam.restore(1, missing))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(NORM + ".exp_avg");
    Map<String, float[]> surplus = new LinkedHashMap<>(adam.state());
    surplus.put("other", new float[1]);
    assertThatThrownBy(() -> adam.restore(1, surplus))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("other");
    Map<String, float[]> shorter = new LinkedHashMap<>(adam.state());
    shorter.put(NORM + ".exp_avg", new float[1]);
    assertThatThrownBy(() -> adam.restore(1, shorter))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must have 2 values, had 1");
  }
}
