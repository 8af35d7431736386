package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
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

  /** The state of a path's linear layers that a decoder holds. */
  public static long cachedPath(ModelConfig config) {
    return DeltaState.bytes(config);
  }

  /** Keys, values and the final hidden state of a token that a decoder holds. */
  public static long cachedToken(ModelConfig config) {
    return KvBlock.bytesPerToken(config);
  }

  /** The matrices as decoders read them. */
  public static long decoderWeights(ModelConfig config, WeightStorage storage) {
    long hidden = config.hiddenSize();
    long whole = DecoderWeights.whole(config.hiddenSize());
    long ofAttention = DecoderWeights.attentionWidth(config) * hidden + whole * config.querySize();
    DeltaRule rule = config.design().deltaRule();
    long ofLinear =
        rule == null ? 0 : DecoderWeights.linearWidth(rule) * hidden + whole * rule.valueSize();
    Experts experts = config.design().experts();
    int width = experts == null ? config.ffnSize() : experts.width();
    long one = 2L * DecoderWeights.whole(width) * hidden + whole * width;
    long ffn =
        experts == null
            ? one
            : experts.count() * one + 2L * DecoderWeights.whole(experts.count()) * hidden;
    long head = DecoderWeights.whole(config.vocabSize()) * hidden;
    long bytes = storage == WeightStorage.BF16 ? Short.BYTES : Float.BYTES;
    long attention = config.attentionLayers();
    return bytes
        * (attention * ofAttention
            + (config.layers() - attention) * ofLinear
            + config.layers() * ffn
            + head);
  }

  /** Numbers that {@link Activations} keeps of a token. */
  static long kept(ModelConfig config) {
    long query = config.querySize();
    long kv = config.kvSize();
    long layer = config.hiddenSize() + 2L * ffnNumbers(config) + 2;
    Experts experts = config.design().experts();
    if (experts != null) {
      layer += experts.count() + 3L * experts.perToken();
    }
    if (config.architecture().norms() != Norms.BEFORE) {
      layer += 2L * config.hiddenSize() + 2;
    }
    long attention = 2 * query + 2 * kv + config.heads();
    if (config.qkNorm()) {
      attention += query + kv + config.heads() + config.kvHeads();
    }
    if (config.architecture().gatesAttention()) {
      attention += query;
    }
    int attentionLayers = config.attentionLayers();
    return config.layers() * layer
        + attentionLayers * attention
        + (config.layers() - attentionLayers) * keptOfLinear(config.design().deltaRule())
        + (config.layers() + 2L) * config.hiddenSize()
        + 1;
  }

  /** Numbers that a token has inside its feed-forward layer, or in its experts together. */
  private static long ffnNumbers(ModelConfig config) {
    Experts experts = config.design().experts();
    return experts == null ? config.ffnSize() : (long) experts.perToken() * experts.width();
  }

  private static long keptOfLinear(DeltaRule rule) {
    return rule == null
        ? 0
        : (long) rule.convSize() + 2L * rule.valueSize() + 3L * rule.valueHeads();
  }

  private static long onTheWay(ModelConfig config) {
    boolean plain =
        config.architecture().norms() == Norms.BEFORE && config.design().scales().residual() == 1;
    DeltaRule rule = config.design().deltaRule();
    long linear =
        rule == null
            ? 0
            : 3L * rule.convSize()
                + 3L * rule.valueSize()
                + 2L * rule.keyHeads()
                + 4L * rule.valueHeads()
                + 2L * rule.valueHeads() * DeltaChunk.stateSize(rule) / DeltaLayer.CHUNK_TOKENS;
    long gate = config.architecture().gatesAttention() ? 6L * config.querySize() : 0;
    return (plain ? 5L : 7L) * config.hiddenSize()
        + linear
        + gate
        + 3L * ffnNumbers(config)
        + 2L * config.querySize()
        + 7L * config.kvSize();
  }
}
