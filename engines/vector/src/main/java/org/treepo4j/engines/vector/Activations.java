package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * The memory of one forward pass, kept for the next. The first blocks have inner activations of
 * their own; all others share one set, which the backward pass fills again block by block. Without
 * gradients all share it.
 */
final class Activations {
  /** Inputs of the blocks, and the output of the last, {@code [layers + 1][rows × hidden]}. */
  private final List<float[]> streams = new ArrayList<>();

  private final List<LayerActivations> layers = new ArrayList<>();

  /** Output of the final norm, {@code [rows × hidden]}. */
  float[] hidden = new float[0];

  /** Inverse root mean squares of the final norm, {@code [rows]}. */
  float[] inverse = new float[0];

  final Scores scores = new Scores();

  /** Null with dense feed-forward layers. */
  Routing routing;

  private int streamCount;
  private int mostRows;

  /** Blocks that have inner activations of their own. */
  private int own;

  /** The block whose inner activations the shared set holds. */
  private int sharing;

  /**
   * @param gradients whether a backward pass follows
   * @param keptBytes most memory for inner activations of blocks' own
   */
  void reserve(ModelConfig config, int rows, boolean gradients, long keptBytes) {
    DeltaRule rule = config.design().deltaRule();
    int ofLinear = rule == null ? 0 : rule.convSize();
    int ofAttention = Math.max(config.queryRows(), ofLinear);
    Experts experts = config.design().experts();
    int ofExperts = experts == null ? 0 : Math.multiplyExact(experts.perToken(), experts.width());
    ofAttention = Math.max(ofAttention, ofExperts);
    if (experts != null && routing == null) {
      routing = new Routing(config);
    }
    int largest = Math.max(Math.max(config.hiddenSize(), config.ffnSize()), ofAttention);
    if ((long) rows * largest > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          rows + " tokens are too many for one forward pass: use smaller micro-batches");
    }
    streamCount = gradients ? config.layers() + 1 : 2;
    own = 0;
    sharing = -1;
    if (gradients) {
      // By the largest pass so far, so that sets which were made go on to be used.
      mostRows = Math.max(mostRows, rows);
      own = VectorMemory.keptBlocks(config, mostRows, keptBytes);
      layers.subList(Math.min(layers.size(), own + 1), layers.size()).clear();
    }
    while (streams.size() < streamCount) {
      streams.add(new float[0]);
    }
    int sets = Math.min(own + 1, config.layers());
    while (layers.size() < sets) {
      layers.add(new LayerActivations());
    }
    for (int i = 0; i < streamCount; i++) {
      streams.set(i, FloatArrays.atLeast(streams.get(i), rows * config.hiddenSize()));
    }
    for (int i = 0; i < sets; i++) {
      boolean shared = i == own;
      boolean linear = config.linear(i);
      layers.get(i).reserve(config, rows, shared || !linear, linear || shared && rule != null);
    }
    hidden = FloatArrays.atLeast(hidden, rows * config.hiddenSize());
    inverse = FloatArrays.atLeast(inverse, rows);
  }

  /** Input of block {@code layer}; {@code layers} is the output of the last. */
  float[] stream(int layer) {
    return streams.get(layer % streamCount);
  }

  /** Inner activations of a block, which is about to fill them. */
  LayerActivations fill(int layer) {
    if (layer >= own) {
      sharing = layer;
    }
    return layers.get(Math.min(layer, own));
  }

  /** Whether the inner activations of a block are still there. */
  boolean holds(int layer) {
    return layer < own || layer == sharing;
  }

  /** Inner activations of a block that {@linkplain #holds are there}. */
  LayerActivations layer(int layer) {
    return layers.get(Math.min(layer, own));
  }
}
