package org.treepo4j.engines.vector;

import java.util.Arrays;
import org.treepo4j.checkpoints.Architecture.Norms;
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
    return Float.BYTES * (config.layers() - 1) * inner(config);
  }

  /**
   * Most memory for inner activations that are kept so as not to be computed twice: as much as the
   * weights take, less half of what is trained. Who trains adapters, and so has neither gradients
   * nor moments of the weights, gets along with little recomputing; training all weights costs a
   * tenth more time in return for a fifth less memory.
   *
   * @param trained numbers that are trained
   */
  public static long keptAtMost(ModelConfig config, long trained) {
    return Math.max(ALWAYS_KEPT, Float.BYTES * (parameters(config) - trained / 2));
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

  private static long size(int[] shape) {
    return Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
  }

  /** Blocks whose inner activations are kept; the others share one set. */
  static int keptBlocks(ModelConfig config, int rows, long keptBytes) {
    long blocks = keptBytes / (Float.BYTES * rows * inner(config));
    return (int) Math.min(config.layers() - 1L, blocks);
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

  /** Numbers of a token in {@link LayerActivations}. */
  static long inner(ModelConfig config) {
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
    return layer;
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
