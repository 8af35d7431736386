package org.treepo4j.engines.vector;

import java.util.Arrays;
import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.LoraAdapter;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.WeightStorage;

/** What the vector engine needs beside the weights and gradients, in bytes. */
public final class VectorMemory {
  /** Of inner activations, in bytes, however small the model. */
  private static final long ALWAYS_KEPT = 256L << 20;

  private VectorMemory() {}

  /**
   * What a token of a forward and backward pass takes in any case: inputs of all blocks, inner
   * activations of one ({@link Activations}), and the gradients on their way down ({@link
   * TransformerBackward}, {@link TreeAttention}); what the vocabulary takes is bounded and left
   * out.
   */
  public static long trainingToken(ModelConfig config) {
    long streams = (config.layers() + 2L) * config.hiddenSize() + 1;
    return Float.BYTES * (streams + inner(config) + onTheWay(config));
  }

  /** What the inner activations of a token in all further blocks take. */
  public static long keptToken(ModelConfig config) {
    return Float.BYTES * keptNumbers(config, config.layers() - 1);
  }

  /** Numbers of a token in the first blocks. */
  private static long keptNumbers(ModelConfig config, int blocks) {
    long numbers = 0;
    for (int layer = 0; layer < blocks; layer++) {
      numbers += inner(config, layer);
    }
    return numbers;
  }

  /**
   * Most memory for inner activations that are kept so as not to be computed twice: three quarters
   * of what the weights take, less a quarter of what is trained. Who trains adapters, and so has
   * neither gradients nor moments of the weights, gets along with less recomputing; who trains all
   * weights pays with about a tenth of the time for a fifth of the memory.
   *
   * @param trained numbers that are trained
   */
  public static long keptAtMost(ModelConfig config, long trained) {
    return Math.max(ALWAYS_KEPT, 3 * parameters(config) - trained);
  }

  /** Numbers in a model. */
  static long parameters(ModelConfig config) {
    return TensorNames.shapes(config).values().stream().mapToLong(VectorMemory::size).sum();
  }

  /** Numbers that are trained, adapters' included. */
  static long trained(Weights weights) {
    long trained = 0;
    for (Parameter parameter : weights.parameters()) {
      LoraAdapter adapter = parameter.adapter();
      if (adapter != null) {
        trained += size(adapter.a().shape()) + size(adapter.b().shape());
      } else if (parameter.trainable()) {
        trained += size(parameter.shape());
      }
    }
    return trained;
  }

  /** The output matrix with its adapter merged in, and the gradient of that. */
  static long adaptedHead(ModelConfig config) {
    return 2L * Float.BYTES * config.vocabSize() * config.hiddenSize();
  }

  private static long size(int[] shape) {
    return Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
  }

  /** Blocks, from the first on, whose inner activations are kept; the others share one set. */
  static int keptBlocks(ModelConfig config, int rows, long keptBytes) {
    int blocks = 0;
    while (blocks < config.layers() - 1
        && Float.BYTES * rows * keptNumbers(config, blocks + 1) <= keptBytes) {
      blocks++;
    }
    return blocks;
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

  /** Numbers of a token in {@link LayerActivations} that blocks of all kinds share. */
  static long inner(ModelConfig config) {
    return everyKind(config) + ofAttention(config) + ofLinear(config.design().deltaRule());
  }

  /** Numbers of a token in the {@link LayerActivations} of one block alone. */
  static long inner(ModelConfig config, int layer) {
    return everyKind(config)
        + (config.linear(layer) ? ofLinear(config.design().deltaRule()) : ofAttention(config));
  }

  private static long everyKind(ModelConfig config) {
    long layer = config.hiddenSize() + 2L * ffnNumbers(config) + 2;
    Experts experts = config.design().experts();
    if (experts != null) {
      layer += experts.count() + 3L * experts.perToken();
    }
    return config.architecture().norms() == Norms.BEFORE
        ? layer
        : layer + 2L * config.hiddenSize() + 2;
  }

  private static long ofAttention(ModelConfig config) {
    long query = config.querySize();
    long kv = config.kvSize();
    long attention = 2 * query + 2 * kv + 2 * config.heads();
    if (config.qkNorm()) {
      attention += query + kv + config.heads() + config.kvHeads();
    }
    return config.architecture().gatesAttention() ? attention + query : attention;
  }

  /** Numbers that a token has inside its feed-forward layer, or in its experts together. */
  private static long ffnNumbers(ModelConfig config) {
    Experts experts = config.design().experts();
    return experts == null ? config.ffnSize() : (long) experts.perToken() * experts.width();
  }

  private static long ofLinear(DeltaRule rule) {
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
                + 2L * rule.valueHeads() * DeltaProducts.stateSize(rule) / DeltaLayer.CHUNK_TOKENS;
    long gate = config.architecture().gatesAttention() ? 6L * config.querySize() : 0;
    return (plain ? 5L : 7L) * config.hiddenSize()
        + linear
        + gate
        + 3L * ffnNumbers(config)
        + 2L * config.querySize()
        + 7L * config.kvSize();
  }
}
