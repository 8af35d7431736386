package org.treepo4j.engines.vector;

import java.util.List;
import java.util.Random;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/** Small models and trees with everything in them that engines get wrong. */
final class TestModels {
  private TestModels() {}

  /** Grouped heads, biases, tied; sizes that are no multiple of any vector. */
  static ModelConfig qwen2() {
    return config(Architecture.QWEN2, 53, 20, 4, 2, 10, 27, RopeScaling.NONE, true, false, true);
  }

  /** Head norms, untied. */
  static ModelConfig qwen3() {
    return config(Architecture.QWEN3, 40, 16, 6, 2, 8, 24, RopeScaling.NONE, false, true, false);
  }

  /** Llama 3's frequencies, wider heads. */
  static ModelConfig llama() {
    RopeScaling scaling = new RopeScaling.Llama3(4, 1, 4, 16);
    return config(Architecture.LLAMA, 70, 32, 2, 1, 36, 48, scaling, false, false, true);
  }

  /** Caps, norms around, a window longer than a panel of keys in one of the layers. */
  static ModelConfig gemma2() {
    Design design =
        Design.PLAIN
            .withActivation(Design.Activation.GELU_TANH)
            .withScales(new Design.Scales(Math.sqrt(20), 0.3, 1, 1))
            .withCaps(new Design.Caps(3, 5))
            .withLayers(
                List.of(new Design.Layer(70, Design.Position.GLOBAL), Design.Layer.PLAIN), null);
    return config(Architecture.GEMMA2, 53, 20, 4, 2, 10, 27, RopeScaling.NONE, false, false, true)
        .withDesign(design);
  }

  /** Norms after, queries and keys normalised as a whole, a short window. */
  static ModelConfig olmo3() {
    Design design =
        Design.PLAIN.withLayers(
            List.of(new Design.Layer(9, Design.Position.LOCAL), Design.Layer.PLAIN),
            new Design.Rotary(100, RopeScaling.NONE));
    RopeScaling yarn = new RopeScaling.Yarn(4, 32, 1, 64, 1.2, true);
    return config(Architecture.OLMO3, 40, 16, 6, 2, 8, 24, yarn, false, true, false)
        .withDesign(design);
  }

  /** A linear layer with two value heads for each key head, then gated attention. */
  static ModelConfig qwen3_5() {
    Design design =
        Design.PLAIN
            .withRotaryWidth(4)
            .withHybridLayers(
                List.of(Design.Layer.LINEAR, Design.Layer.PLAIN),
                new Design.DeltaRule(2, 4, 6, 5, 4));
    return config(Architecture.QWEN3_5, 53, 20, 4, 2, 10, 27, RopeScaling.NONE, false, true, true)
        .withDesign(design);
  }

  /** Three of nine experts. */
  static ModelConfig qwen3Moe() {
    Design design = Design.PLAIN.withExperts(new Design.Experts(9, 3, 13, true));
    return config(Architecture.QWEN3_MOE, 53, 20, 4, 2, 10, 27, RopeScaling.NONE, false, true, true)
        .withDesign(design);
  }

  static List<ModelConfig> all() {
    return List.of(qwen2(), qwen3(), llama(), gemma2(), olmo3(), qwen3_5(), qwen3Moe());
  }

  /** A model of which a test uses the heads only. */
  static ModelConfig withHeads(int heads, int kvHeads, int dim, RopeScaling scaling) {
    return config(Architecture.LLAMA, 53, 20, heads, kvHeads, dim, 27, scaling, false, false, true);
  }

  private static ModelConfig config(
      Architecture architecture,
      int vocabulary,
      int hidden,
      int heads,
      int kvHeads,
      int dim,
      int ffn,
      RopeScaling scaling,
      boolean qkvBias,
      boolean qkNorm,
      boolean tied) {
    return new ModelConfig(
        architecture,
        vocabulary,
        hidden,
        2,
        heads,
        kvHeads,
        dim,
        ffn,
        4096,
        1e-6,
        10000,
        scaling,
        qkvBias,
        architecture == Architecture.LLAMA,
        qkNorm,
        tied,
        -1,
        List.of());
  }

  /** Weights large enough that attention and softmax are far from uniform. */
  static Weights weights(ModelConfig config, long seed) {
    Weights weights = RandomWeights.create(config, seed);
    Random random = new Random(seed + 1);
    for (Parameter parameter : weights.parameters()) {
      float[] values = parameter.values();
      for (int i = 0; i < values.length; i++) {
        boolean norm = parameter.name().endsWith("norm.weight");
        double centre = config.architecture().normsAddOne() ? 0 : 1;
        values[i] =
            (float) (norm ? centre + 0.3 * random.nextGaussian() : 0.3 * random.nextGaussian());
      }
    }
    return weights;
  }

  /** A tree of {@code size} tokens that mostly goes on and sometimes branches anywhere. */
  static TokenTree tree(ModelConfig config, int size, double branching, Random random) {
    int[] tokens = new int[size];
    int[] parents = new int[size];
    parents[0] = -1;
    for (int i = 0; i < size; i++) {
      tokens[i] = random.nextInt(config.vocabSize());
      if (i > 0) {
        parents[i] = random.nextDouble() < branching ? random.nextInt(i) : i - 1;
      }
    }
    return TokenTree.of(tokens, parents);
  }

  static float[] coefficients(int size, double zeros, Random random) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = random.nextDouble() < zeros ? 0f : (float) random.nextGaussian();
    }
    return values;
  }
}
