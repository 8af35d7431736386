package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * The memory of one forward pass, kept for the next. Without gradients, or when activations are
 * recomputed, all blocks share one set of inner activations.
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
  private int layerCount;

  /**
   * @param keepInputs whether every block's input is kept
   * @param keepInner whether every block's inner activations are kept
   */
  void reserve(ModelConfig config, int rows, boolean keepInputs, boolean keepInner) {
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
    streamCount = keepInputs ? config.layers() + 1 : 2;
    layerCount = keepInner ? config.layers() : 1;
    while (streams.size() < streamCount) {
      streams.add(new float[0]);
    }
    while (layers.size() < layerCount) {
      layers.add(new LayerActivations());
    }
    for (int i = 0; i < streamCount; i++) {
      streams.set(i, FloatArrays.atLeast(streams.get(i), rows * config.hiddenSize()));
    }
    for (int i = 0; i < layerCount; i++) {
      boolean linear = config.linear(i);
      layers
          .get(i)
          .reserve(config, rows, !keepInner || !linear, linear || !keepInner && rule != null);
    }
    hidden = FloatArrays.atLeast(hidden, rows * config.hiddenSize());
    inverse = FloatArrays.atLeast(inverse, rows);
  }

  /** Input of block {@code layer}; {@code layers} is the output of the last. */
  float[] stream(int layer) {
    return streams.get(layer % streamCount);
  }

  LayerActivations layer(int layer) {
    return layers.get(layer % layerCount);
  }
}
