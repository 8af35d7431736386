package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.treepo4j.checkpoints.Design.Caps;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/**
 * Every engine and family at ordinary magnitudes and at those of real models, which tiny random
 * ones never reach: scores equal those of float64, and so do slopes along any direction.
 */
public abstract class LargeValuesContract {
  private static final long SEED = 7;
  private static final String QUERIES = "queries";
  private static final String KEYS = "keys";

  /** Opens the engine under test. */
  protected abstract CausalLm open(Weights weights);

  /** Whether it has the layers of a family; one that it refuses is left out. */
  protected boolean runs(TinyModels family) {
    return true;
  }

  /**
   * What is large, which tensors' elements are multiplied to make it so, and how far log-probs and
   * entropies may be off: float32 keeps seven digits of a logit of ten thousand.
   */
  enum Magnitude {
    ORDINARY(1, 1, 2e-4),
    GATES_OF_A_HUNDRED(1e2, 1, 1e-3, TensorNames.GATE),
    GATES_OF_TEN_THOUSAND(1e4, 1, 1e-3, TensorNames.GATE),
    GATES_AND_UPS(1e4, 1, 1e-3, TensorNames.GATE, TensorNames.UP),
    SCORES_OF_TEN_THOUSAND(1e2, 1, 1e-2, QUERIES, KEYS),
    VALUES(1e4, 1, 1e-3, TensorNames.VALUE),
    LOGITS_OF_A_HUNDRED(1e2, 1, 1e-3, TensorNames.FINAL_NORM),
    LOGITS_OF_TEN_THOUSAND(1e4, 1, 1e-1, TensorNames.FINAL_NORM),
    LOW_TEMPERATURE(1, 1e-4, 1e-1, TensorNames.FINAL_NORM),
    NORM_WEIGHTS(30, 1, 1e-2, TensorNames.INPUT_NORM, TensorNames.POST_ATTENTION_NORM),
    STREAM_OF_TEN_THOUSAND(1e4, 1, 1e-1, TensorNames.EMBEDDING),
    SMALL_STREAM(1e-4, 1, 1e-3, TensorNames.EMBEDDING, TensorNames.OUTPUT, TensorNames.DOWN),
    // Nothing but the norms divides these again; squares stay within float32.
    HUGE_FEED_FORWARD(1e12, 1, 1e-3, TensorNames.UP),
    TINY_FEED_FORWARD(1e-18, 1, 1e-3, TensorNames.UP, TensorNames.DOWN),
    LINEAR_MIXES(1e3, 1, 1e-2, TensorNames.LINEAR_QKV),
    LINEAR_STRENGTHS(1e2, 1, 1e-2, TensorNames.LINEAR_BETA),
    LINEAR_DECAYS(1e2, 1, 1e-2, TensorNames.LINEAR_DECAY),
    LINEAR_GATES(1e3, 1, 1e-2, TensorNames.LINEAR_GATE),
    SMALL_LINEAR(1e-4, 1, 1e-2, TensorNames.LINEAR_QKV, TensorNames.LINEAR_CONV);

    private final double factor;
    private final double temperature;
    private final double tolerance;
    private final List<String> tensors;

    Magnitude(double factor, double temperature, double tolerance, String... tensors) {
      this.factor = factor;
      this.temperature = temperature;
      this.tolerance = tolerance;
      this.tensors = List.of(tensors);
    }

    /** Scales the tensors of every layer; a norm of heads stands for the projection before it. */
    Weights of(TinyModels family) {
      Weights weights = family.weights(SEED);
      for (Parameter parameter : weights.parameters()) {
        boolean named =
            tensors.stream()
                .anyMatch(
                    tensor ->
                        parameter.name().endsWith(replaced(tensor, family.config().qkNorm())));
        for (int i = 0; named && i < parameter.values().length; i++) {
          parameter.values()[i] *= (float) factor;
        }
      }
      return weights;
    }

    /** Whether a family has what is to be large. */
    boolean concerns(TinyModels family) {
      boolean linear = tensors.stream().anyMatch(tensor -> tensor.startsWith("linear_attn."));
      return !linear || family.config().design().deltaRule() != null;
    }

    private static String replaced(String tensor, boolean qkNorm) {
      return switch (tensor) {
        case QUERIES -> qkNorm ? TensorNames.QUERY_NORM : TensorNames.QUERY;
        case KEYS -> qkNorm ? TensorNames.KEY_NORM : TensorNames.KEY;
        default -> tensor;
      };
    }
  }

  static Stream<Arguments> everywhere() {
    return Stream.of(TinyModels.values())
        .flatMap(
            f ->
                Stream.of(Magnitude.values())
                    .filter(magnitude -> magnitude.concerns(f))
                    .map(magnitude -> Arguments.of(f, magnitude)));
  }

  @ParameterizedTest
  @MethodSource("everywhere")
  void scoresAreThoseOfFloat64(TinyModels family, Magnitude magnitude) {
    assumeTrue(runs(family), "refused by this engine");
    Weights weights = magnitude.of(family);
    TokenTree tree = RandomTrees.tree(new Random(SEED), 14, family.config().vocabSize());
    double[][] expected = new PlainTransformer(weights).scores(tree, magnitude.temperature);
    try (CausalLm model = open(weights);
        ForwardPass pass =
            model.forward(List.of(tree), new ForwardOptions(magnitude.temperature, false))) {
      for (int i = 0; i < tree.size(); i++) {
        assertThat((double) pass.logprobs(0)[i])
            .as("log-prob of token %s", i)
            .isCloseTo(expected[0][i], within(magnitude.tolerance + 1e-5 * -expected[0][i]));
        assertThat((double) pass.entropies(0)[i])
            .as("entropy after token %s", i)
            .isCloseTo(expected[1][i], within(magnitude.tolerance));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("everywhere")
  void gradientsAreTheSlopesOfFloat64(TinyModels family, Magnitude magnitude) {
    assumeTrue(runs(family), "refused by this engine");
    Random random = new Random(SEED);
    Weights weights = magnitude.of(family);
    TokenTree tree = RandomTrees.tree(random, 9, family.config().vocabSize());
    float[] dLogprob = RandomTrees.coefficients(random, List.of(tree))[0];
    float[] dEntropy = RandomTrees.coefficients(random, List.of(tree))[0];
    try (CausalLm model = open(weights);
        ForwardPass pass =
            model.forward(List.of(tree), new ForwardOptions(magnitude.temperature, true))) {
      pass.backward(new float[][] {dLogprob}, new float[][] {dEntropy});
    }
    PlainTransformer plain = new PlainTransformer(weights);
    Map<String, Double> sensitivities = new LinkedHashMap<>();
    for (Parameter parameter : weights.parameters()) {
      sensitivities.put(parameter.name(), norm(parameter.gradient()) * norm(parameter.values()));
    }
    double greatest = sensitivities.values().stream().mapToDouble(d -> d).max().orElseThrow();
    assertThat(greatest).isFinite();
    // Where a soft cap is all but reached, 1 − tanh² keeps two digits.
    double relative = family.config().design().caps().equals(Caps.NONE) ? 0.02 : 0.05;
    // Where attention has settled on one token the slope is nothing but rounding: of what flows
    // through the layer, so it is held against the greatest effect of any tensor.
    for (Parameter parameter : weights.parameters()) {
      double gradient = norm(parameter.gradient());
      double size = norm(parameter.values());
      for (float[] direction : directions(parameter, random)) {
        double expected =
            slope(plain, parameter, direction, 2e-7 * size, tree, magnitude, dLogprob, dEntropy);
        double actual = 0;
        for (int i = 0; i < direction.length; i++) {
          actual += (double) direction[i] * parameter.gradient()[i];
        }
        assertThat(actual)
            .as("slope along a direction of %s", parameter.name())
            .isCloseTo(expected, within(relative * gradient + (3e-3 * greatest + 1e-8) / size));
      }
    }
  }

  /** Two random directions and that of the gradient, of length one. */
  private static List<float[]> directions(Parameter parameter, Random random) {
    List<float[]> directions = new ArrayList<>();
    for (int d = 0; d < 3; d++) {
      float[] direction = parameter.gradient().clone();
      if (d > 0 || norm(direction) == 0) {
        for (int i = 0; i < direction.length; i++) {
          direction[i] = (float) random.nextGaussian();
        }
      }
      double length = norm(direction);
      for (int i = 0; i < direction.length; i++) {
        direction[i] = (float) (direction[i] / length);
      }
      directions.add(direction);
    }
    return directions;
  }

  private static double slope(
      PlainTransformer plain,
      Parameter parameter,
      float[] direction,
      double step,
      TokenTree tree,
      Magnitude magnitude,
      float[] dLogprob,
      float[] dEntropy) {
    double[] values = plain.tensor(parameter.name());
    double[] saved = values.clone();
    double[] scores = new double[2];
    for (int side = 0; side < 2; side++) {
      for (int i = 0; i < values.length; i++) {
        values[i] = saved[i] + (side == 0 ? step : -step) * direction[i];
      }
      scores[side] = plain.objective(tree, magnitude.temperature, dLogprob, dEntropy);
    }
    System.arraycopy(saved, 0, values, 0, values.length);
    return (scores[0] - scores[1]) / (2 * step);
  }

  private static double norm(float[] values) {
    double square = 0;
    for (float value : values) {
      square += (double) value * value;
    }
    return Math.sqrt(square);
  }
}
