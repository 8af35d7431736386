package org.treepo4j.bench;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Layer;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.TensorNames;

/**
 * A model to measure, by its shape alone.
 *
 * @param name what reports call it
 * @param config its shape
 * @param trainingSequences sequences of one training step; 0 to leave training out
 * @param trainingTokens tokens of each
 */
public record BenchShape(
    String name, ModelConfig config, int trainingSequences, int trainingTokens) {

  /** Small enough to live in the caches: overheads show. */
  public static final BenchShape TINY =
      new BenchShape("tiny", config(512, 128, 4, 4, 2, 384), 8, 64);

  /** A model one trains on a laptop. */
  public static final BenchShape MEDIUM =
      new BenchShape("medium", config(2048, 256, 6, 8, 4, 768), 16, 256);

  /** Half a billion parameters: the memory decides. */
  public static final BenchShape QWEN2_5_0_5B =
      new BenchShape("qwen2.5-0.5b", config(151936, 896, 24, 14, 2, 4864), 0, 0);

  /** About as many parameters as {@link #MEDIUM}, three of four layers linear. */
  public static final BenchShape HYBRID_MEDIUM =
      new BenchShape(
          "hybrid-medium",
          config(Architecture.QWEN3_5, 2048, 256, 8, 8, 4, 32, 384)
              .withDesign(hybrid(8, 8, new DeltaRule(4, 4, 64, 64, 4))),
          16,
          256);

  /** Qwen3.5-0.8B without its eyes. */
  public static final BenchShape HYBRID_0_8B =
      new BenchShape(
          "hybrid-0.8b",
          config(Architecture.QWEN3_5, 248320, 1024, 24, 8, 2, 256, 3584)
              .withDesign(hybrid(24, 64, new DeltaRule(16, 16, 128, 128, 4))),
          0,
          0);

  /** About as many parameters with attention in every layer. */
  public static final BenchShape SOFTMAX_0_8B =
      new BenchShape(
          "softmax-0.8b", config(Architecture.QWEN3, 248320, 1024, 24, 16, 8, 128, 4688), 0, 0);

  /** Those above. */
  public static List<BenchShape> all() {
    return List.of(TINY, MEDIUM, QWEN2_5_0_5B, HYBRID_MEDIUM, HYBRID_0_8B, SOFTMAX_0_8B);
  }

  /** A model of one's own, trained on eight sequences of 128 tokens. */
  public static BenchShape of(String name, ModelConfig config) {
    return new BenchShape(name, config, 8, Math.min(128, config.maxPositions()));
  }

  /**
   * Operations of all matrix products of one training step: forward, and backward by inputs and by
   * weights, with every matrix; the scores and weighted values of attention, two products forward
   * and five backward with each token before; those of linear layers with their states, three
   * forward and six backward; the logits, which the backward pass computes again.
   */
  double trainingFlops() {
    double tokens = (double) trainingSequences * trainingTokens;
    double pairs = tokens * (trainingTokens + 1) / 2;
    double attention = 14 * pairs * config.querySize() * config.attentionLayers();
    DeltaRule rule = config.design().deltaRule();
    double state = rule == null ? 0 : (double) rule.valueHeads() * rule.keyDim() * rule.valueDim();
    double linear = 18 * tokens * state * (config.layers() - config.attentionLayers());
    double logits = 2 * tokens * config.vocabSize() * config.hiddenSize();
    return 6 * matrixNumbers() * tokens + attention + linear + logits;
  }

  /** Numbers in the matrices that every token is multiplied with. */
  long matrixNumbers() {
    long numbers = config.tiedEmbeddings() ? 0 : -(long) config.vocabSize() * config.hiddenSize();
    for (int[] shape : TensorNames.shapes(config).values()) {
      numbers += shape.length == 2 ? (long) shape[0] * shape[1] : 0;
    }
    return numbers;
  }

  private static Design hybrid(int layers, int rotaryWidth, DeltaRule rule) {
    List<Layer> described = new ArrayList<>();
    for (int layer = 1; layer <= layers; layer++) {
      described.add(layer % 4 == 0 ? Layer.PLAIN : Layer.LINEAR);
    }
    return Design.PLAIN.withRotaryWidth(rotaryWidth).withHybridLayers(described, rule);
  }

  private static ModelConfig config(
      int vocabulary, int hidden, int layers, int heads, int kvHeads, int ffn) {
    return config(
        Architecture.QWEN2, vocabulary, hidden, layers, heads, kvHeads, hidden / heads, ffn);
  }

  private static ModelConfig config(
      Architecture family,
      int vocabulary,
      int hidden,
      int layers,
      int heads,
      int kvHeads,
      int headDim,
      int ffn) {
    return new ModelConfig(
        family,
        vocabulary,
        hidden,
        layers,
        heads,
        kvHeads,
        headDim,
        ffn,
        32768,
        1e-6,
        1e6,
        RopeScaling.NONE,
        family == Architecture.QWEN2,
        false,
        family != Architecture.QWEN2,
        true,
        -1,
        List.of());
  }
}
