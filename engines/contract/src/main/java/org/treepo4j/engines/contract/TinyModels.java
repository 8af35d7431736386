package org.treepo4j.engines.contract;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.checkpoints.Design.Caps;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.Design.Layer;
import org.treepo4j.checkpoints.Design.Position;
import org.treepo4j.checkpoints.Design.QueryGrowth;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.Design.Scales;
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
  QWEN3(config(Architecture.QWEN3, 6, 2, RopeScaling.NONE, false, false, true, true)),
  /** A window in every layer. */
  MISTRAL_SLIDING(
      config(Architecture.MISTRAL, 4, 2, RopeScaling.NONE, false, false, false, false)
          .withDesign(layers(null, new Layer(3, Position.GLOBAL), new Layer(3, Position.GLOBAL)))),
  /** Norms around, caps, GELU, own scales, biases, a window in every other layer. */
  GEMMA2(
      config(Architecture.GEMMA2, 4, 2, RopeScaling.NONE, true, true, false, true)
          .withDesign(
              layers(null, new Layer(4, Position.GLOBAL), Layer.PLAIN)
                  .withActivation(Activation.GELU_TANH)
                  .withScales(new Scales(Math.sqrt(20), Math.pow(11, -0.5), 1, 1))
                  .withCaps(new Caps(1.5, 2)))),
  /** Norms of queries and keys, two rotary embeddings. */
  GEMMA3(
      config(Architecture.GEMMA3, 4, 2, new RopeScaling.Linear(8), false, false, true, true)
          .withDesign(
              layers(new Rotary(100, RopeScaling.NONE), new Layer(2, Position.LOCAL), Layer.PLAIN)
                  .withActivation(Activation.GELU_TANH)
                  .withScales(new Scales(Math.sqrt(20), Math.pow(6, -0.5), 1, 1)))),
  /** Fused projections, of which a part is rotated, LongRoPE. */
  PHI3(
      config(
              Architecture.PHI3,
              4,
              2,
              new RopeScaling.LongRope(List.of(1.0, 1.5, 4.0), List.of(2.0, 8.0, 9.0), 1.2, 64, 99),
              false,
              false,
              false,
              false)
          .withDesign(Design.PLAIN.withRotaryWidth(6))),
  /** Norms after, queries and keys normalised as a whole. */
  OLMO2(config(Architecture.OLMO2, 4, 2, RopeScaling.NONE, false, false, true, false)),
  /** The same with a window, YaRN where there is none. */
  OLMO3(
      config(
              Architecture.OLMO3,
              4,
              4,
              new RopeScaling.Yarn(4, 32, 1, 16, 1.2, true),
              false,
              false,
              true,
              false)
          .withDesign(
              layers(
                  new Rotary(10_000, RopeScaling.NONE),
                  new Layer(5, Position.LOCAL),
                  Layer.PLAIN))),
  /** A layer without positions. */
  SMOLLM3(
      config(Architecture.SMOLLM3, 4, 1, RopeScaling.NONE, false, false, false, true)
          .withDesign(layers(null, Layer.PLAIN, new Layer(0, Position.NONE)))),
  /** Four multipliers. */
  GRANITE(
      config(Architecture.GRANITE, 4, 2, RopeScaling.NONE, true, true, false, true)
          .withDesign(Design.PLAIN.withScales(new Scales(3, 0.2, 0.4, 1.7)))),
  /** YaRN and queries that grow. */
  MINISTRAL3(
      config(
              Architecture.MINISTRAL3,
              4,
              2,
              new RopeScaling.Yarn(8, 4, 1, 16, 1.1, false),
              false,
              false,
              false,
              false)
          .withDesign(Design.PLAIN.withQueryGrowth(new QueryGrowth(0.3, 2)))),
  /** The gated delta rule, two value heads for each key head; gated attention, partly rotated. */
  QWEN3_5(
      config(Architecture.QWEN3_5, 4, 2, RopeScaling.NONE, false, false, true, true)
          .withDesign(
              Design.PLAIN
                  .withRotaryWidth(4)
                  .withHybridLayers(
                      List.of(Layer.LINEAR, Layer.PLAIN), new DeltaRule(2, 4, 6, 5, 4)))),
  /** Two of five experts, their weights normalised. */
  QWEN3_MOE(
      config(Architecture.QWEN3_MOE, 4, 2, RopeScaling.NONE, false, false, true, false)
          .withDesign(Design.PLAIN.withExperts(new Experts(5, 2, 14, true)))),
  /** Three of four, by probabilities as they are; queries and keys normalised as a whole. */
  OLMOE(
      config(Architecture.OLMOE, 4, 2, RopeScaling.NONE, false, false, true, false)
          .withDesign(Design.PLAIN.withExperts(new Experts(4, 3, 28, false))));

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
              boolean one = !config.architecture().normsAddOne();
              boolean factor = one || name.endsWith(TensorNames.LINEAR_NORM);
              double centre = factor && name.endsWith("norm.weight") ? 1 : 0;
              double deviation = shape.length == 2 ? 1 / Math.sqrt(shape[1]) : 0.3;
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) (centre + deviation * random.nextGaussian());
              }
              boolean trainable = !Arrays.asList(frozen).contains(name);
              parameters.add(new Parameter(name, shape, values, trainable));
            });
    return new Weights(config, parameters);
  }

  private static Design layers(Rotary local, Layer... layers) {
    return Design.PLAIN.withLayers(List.of(layers), local);
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
