package org.treepo4j.bench;

import java.util.List;
import org.treepo4j.checkpoints.Architecture;
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

  /** The three above. */
  public static List<BenchShape> all() {
    return List.of(TINY, MEDIUM, QWEN2_5_0_5B);
  }

  /** A model of one's own, trained on eight sequences of 128 tokens. */
  public static BenchShape of(String name, ModelConfig config) {
    return new BenchShape(name, config, 8, Math.min(128, config.maxPositions()));
  }

  /**
   * Operations of all matrix products of one training step: forward, and backward by inputs and by
   * weights, with every matrix; the scores and weighted values of attention, two products forward
   * and five backward with each token before; the logits, which the backward pass computes again.
   */
  double trainingFlops() {
    double tokens = (double) trainingSequences * trainingTokens;
    double pairs = tokens * (trainingTokens + 1) / 2;
    double attention = 14 * pairs * config.querySize() * config.layers();
    double logits = 2 * tokens * config.vocabSize() * config.hiddenSize();
    return 6 * matrixNumbers() * tokens + attention + logits;
  }

  /** Numbers in the matrices that every token is multiplied with. */
  long matrixNumbers() {
    long numbers = config.tiedEmbeddings() ? 0 : -(long) config.vocabSize() * config.hiddenSize();
    for (int[] shape : TensorNames.shapes(config).values()) {
      numbers += shape.length == 2 ? (long) shape[0] * shape[1] : 0;
    }
    return numbers;
  }

  private static ModelConfig config(
      int vocabulary, int hidden, int layers, int heads, int kvHeads, int ffn) {
    return new ModelConfig(
        Architecture.QWEN2,
        vocabulary,
        hidden,
        layers,
        heads,
        kvHeads,
        hidden / heads,
        ffn,
        32768,
        1e-6,
        1e6,
        RopeScaling.NONE,
        true,
        false,
        false,
        true,
        -1,
        List.of());
  }
}
