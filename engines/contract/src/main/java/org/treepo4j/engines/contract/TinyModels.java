package org.treepo4j.engines.contract;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/**
 * Models small enough for finite differences, one of each family, with weights large enough that
 * every part of the network matters: norms away from one, biases away from zero.
 */
public enum TinyModels {
  /** Grouped queries, llama3 RoPE scaling, every bias Llama knows, an own head. */
  LLAMA(
      config(
          Architecture.LLAMA, 4, 2, new RopeScaling.Llama3(8, 1, 4, 16), true, true, false, false)),
  /** One query head for each key/value head, linear RoPE scaling, heads wider than the stream. */
  MISTRAL(
      config(Architecture.MISTRAL, 3, 3, new RopeScaling.Linear(2), false, false, false, false)),
  /** Biases on queries, keys and values; the head is the embedding. */
  QWEN2(config(Architecture.QWEN2, 4, 1, RopeScaling.NONE, true, false, false, true)),
  /** Normalised queries and keys; the head is the embedding. */
  QWEN3(config(Architecture.QWEN3, 6, 2, RopeScaling.NONE, false, false, true, true));

  @SuppressWarnings("ImmutableEnumChecker") // a record of values, in another module
  private final ModelConfig config;

  TinyModels(ModelConfig config) {
    this.config = config;
  }

  public ModelConfig config() {
    return config;
  }

  /** Weights of this shape, all trainable. */
  public Weights weights(long seed) {
    return weights(seed, new String[0]);
  }

  /** Weights of this shape in which the named tensors are frozen. */
  public Weights weights(long seed, String... frozen) {
    Random random = new Random(seed);
    List<Parameter> parameters = new ArrayList<>();
    TensorNames.shapes(config)
        .forEach(
            (name, shape) -> {
              float[] values = new float[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
              double centre = name.endsWith("norm.weight") ? 1 : 0;
              double deviation = shape.length == 2 ? 1 / Math.sqrt(shape[1]) : 0.3;
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) (centre + deviation * random.nextGaussian());
              }
              boolean trainable = !Arrays.asList(frozen).contains(name);
              parameters.add(new Parameter(name, shape, values, trainable));
            });
    return new Weights(config, parameters);
  }

  private static ModelConfig config(
      Architecture architecture,
      int heads,
      int kvHeads,
      RopeScaling scaling,
      boolean qkvBias,
      boolean outputBias,
      boolean qkNorm,
      boolean tied) {
    return new ModelConfig(
        architecture,
        37,
        20,
        2,
        heads,
        kvHeads,
        8,
        28,
        64,
        1e-5,
        10_000,
        scaling,
        qkvBias,
        outputBias,
        qkNorm,
        tied,
        1,
        List.of(2));
  }
}
