package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.ModelConfig;

/** What the backward pass of one block needs from its forward pass, besides the block's input. */
final class LayerActivations {
  /** Inverse root mean squares of the block's input, {@code [rows]}. */
  float[] inputInverse = new float[0];

  /** Queries, keys and values as attention sees them, {@code [rows × heads·dim]}. */
  float[] q = new float[0];

  float[] k = new float[0];
  float[] v = new float[0];

  /** Queries and keys before their norms, and those norms' inverses, for models that have them. */
  float[] rawQ = new float[0];

  float[] rawK = new float[0];
  float[] queryInverse = new float[0];
  float[] keyInverse = new float[0];

  /** Output of attention, {@code [rows × heads·dim]}. */
  float[] attended = new float[0];

  final SoftmaxLanes.Normalizers normalizers = new SoftmaxLanes.Normalizers();

  /** The residual stream between attention and feed-forward, {@code [rows × hidden]}. */
  float[] middle = new float[0];

  float[] middleInverse = new float[0];

  /**
   * Outputs of attention's projection and of the feed-forward layer before their norms, {@code
   * [rows × hidden]}, and those norms' inverses, for models that have them.
   */
  float[] attentionOut = new float[0];

  float[] attentionOutInverse = new float[0];
  float[] ffnOut = new float[0];
  float[] ffnOutInverse = new float[0];

  /** Gates of attention's output, {@code [rows × heads·dim]}, in families that have them. */
  float[] attentionGate = new float[0];

  /** Of a linear layer. */
  final DeltaLayer.Kept delta = new DeltaLayer.Kept();

  /** Of a mixture of experts. */
  final ExpertLayer.Kept experts = new ExpertLayer.Kept();

  /** Inputs of the gated activation, {@code [rows × ffn]}. */
  float[] gate = new float[0];

  float[] up = new float[0];

  /**
   * @param attention whether the block has attention
   * @param linear whether it has the delta rule; memory that blocks share has room for both
   */
  void reserve(ModelConfig config, int rows, boolean attention, boolean linear) {
    inputInverse = FloatArrays.atLeast(inputInverse, rows);
    if (attention) {
      reserveAttention(config, rows);
    }
    if (linear) {
      delta.reserve(config.design().deltaRule(), rows);
    }
    if (config.architecture().norms() != Norms.BEFORE) {
      attentionOut = FloatArrays.atLeast(attentionOut, rows * config.hiddenSize());
      attentionOutInverse = FloatArrays.atLeast(attentionOutInverse, rows);
      ffnOut = FloatArrays.atLeast(ffnOut, rows * config.hiddenSize());
      ffnOutInverse = FloatArrays.atLeast(ffnOutInverse, rows);
    }
    middle = FloatArrays.atLeast(middle, rows * config.hiddenSize());
    middleInverse = FloatArrays.atLeast(middleInverse, rows);
    if (config.design().experts() == null) {
      gate = FloatArrays.atLeast(gate, rows * config.ffnSize());
      up = FloatArrays.atLeast(up, rows * config.ffnSize());
    } else {
      experts.reserve(config.design().experts(), rows);
    }
  }

  private void reserveAttention(ModelConfig config, int rows) {
    q = FloatArrays.atLeast(q, rows * config.querySize());
    k = FloatArrays.atLeast(k, rows * config.kvSize());
    v = FloatArrays.atLeast(v, rows * config.kvSize());
    if (config.qkNorm()) {
      rawQ = FloatArrays.atLeast(rawQ, rows * config.querySize());
      rawK = FloatArrays.atLeast(rawK, rows * config.kvSize());
      queryInverse = FloatArrays.atLeast(queryInverse, rows * config.heads());
      keyInverse = FloatArrays.atLeast(keyInverse, rows * config.kvHeads());
    }
    if (config.architecture().gatesAttention()) {
      attentionGate = FloatArrays.atLeast(attentionGate, rows * config.querySize());
    }
    attended = FloatArrays.atLeast(attended, rows * config.querySize());
    normalizers.reserve(rows * config.heads());
  }
}
