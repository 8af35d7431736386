package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.engine.WeightStorage;

/** What the vector engine needs beside the weights and gradients, in bytes. */
public final class VectorMemory {
  private VectorMemory() {}

  /**
   * A forward and backward pass that keeps its activations ({@link Activations}) and the gradients
   * on their way down ({@link TransformerBackward}, {@link TreeAttention}); what the vocabulary
   * takes is bounded and left out.
   *
   * @param rows unique tokens of the pass
   */
  public static long training(ModelConfig config, long rows) {
    return Float.BYTES * rows * (kept(config) + onTheWay(config));
  }

  /** Keys, values and the final hidden state of a token that a decoder holds. */
  public static long cachedToken(ModelConfig config) {
    return KvBlock.bytesPerToken(config);
  }

  /** The matrices as decoders read them. */
  public static long decoderWeights(ModelConfig config, WeightStorage storage) {
    long hidden = config.hiddenSize();
    long layer =
        DecoderWeights.attentionWidth(config) * hidden
            + DecoderWeights.whole(config.hiddenSize()) * (long) config.querySize()
            + 2L * DecoderWeights.ffnWidth(config) * hidden
            + DecoderWeights.whole(config.hiddenSize()) * (long) config.ffnSize();
    long head = DecoderWeights.whole(config.vocabSize()) * hidden;
    long bytes = storage == WeightStorage.BF16 ? Short.BYTES : Float.BYTES;
    return bytes * (config.layers() * layer + head);
  }

  /** Numbers that {@link Activations} keeps of a token. */
  static long kept(ModelConfig config) {
    long query = config.querySize();
    long kv = config.kvSize();
    long layer =
        2 * query + 2 * kv + config.hiddenSize() + 2L * config.ffnSize() + config.heads() + 2;
    if (config.qkNorm()) {
      layer += query + kv + config.heads() + config.kvHeads();
    }
    if (config.architecture().norms() != Norms.BEFORE) {
      layer += 2L * config.hiddenSize() + 2;
    }
    return config.layers() * layer + (config.layers() + 2L) * config.hiddenSize() + 1;
  }

  private static long onTheWay(ModelConfig config) {
    boolean plain =
        config.architecture().norms() == Norms.BEFORE && config.design().scales().residual() == 1;
    return (plain ? 5L : 7L) * config.hiddenSize()
        + 3L * config.ffnSize()
        + 2L * config.querySize()
        + 7L * config.kvSize();
  }
}
