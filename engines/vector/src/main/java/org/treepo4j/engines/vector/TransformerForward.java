package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.ModelConfig;

/** The forward pass, block by block, top to bottom as the model is drawn. */
final class TransformerForward {
  private final ModelParameters model;
  private final ModelConfig config;
  private final Kernels kernels;
  private float[] normed = new float[0];
  private float[] activated = new float[0];

  TransformerForward(ModelParameters model, Kernels kernels) {
    this.model = model;
    this.config = model.config();
    this.kernels = kernels;
  }

  /** Fills {@code activations}, its scores included. */
  void run(TreeLayout layout, Targets targets, float temperature, Activations activations) {
    int rows = layout.rows();
    float[] x = activations.stream(0);
    kernels
        .embedding()
        .forward(rows, config.hiddenSize(), layout.tokens(), model.embedding().values(), x);
    for (int layer = 0; layer < config.layers(); layer++) {
      LayerActivations inner = activations.layer(layer);
      attention(layout, model.layers().get(layer), activations.stream(layer), inner);
      feedForward(rows, model.layers().get(layer), inner, activations.stream(layer + 1));
    }
    kernels
        .norm()
        .forward(
            rows,
            config.hiddenSize(),
            activations.stream(config.layers()),
            model.finalNorm().values(),
            activations.hidden,
            activations.inverse);
    kernels
        .head()
        .forward(
            rows,
            activations.hidden,
            model.head().values(),
            targets,
            temperature,
            activations.scores);
  }

  /** Fills the inner activations of a block again from its input. */
  void again(TreeLayout layout, int layer, Activations activations) {
    LayerActivations inner = activations.layer(layer);
    attention(layout, model.layers().get(layer), activations.stream(layer), inner);
    gateAndUp(layout.rows(), model.layers().get(layer), inner);
  }

  private void attention(
      TreeLayout layout, LayerParameters weights, float[] x, LayerActivations inner) {
    int rows = layout.rows();
    normed = FloatArrays.atLeast(normed, rows * config.hiddenSize());
    kernels
        .norm()
        .forward(
            rows, config.hiddenSize(), x, weights.inputNorm().values(), normed, inner.inputInverse);
    Linear linear = kernels.linear();
    linear.forward(rows, weights.query(), weights.queryBias(), normed, inner.q, false);
    linear.forward(rows, weights.key(), weights.keyBias(), normed, inner.k, false);
    linear.forward(rows, weights.value(), weights.valueBias(), normed, inner.v, false);
    if (config.qkNorm()) {
      normaliseHeads(rows, weights, inner);
    }
    kernels.rope().forward(rows, config.heads(), layout.positions(), inner.q);
    kernels.rope().forward(rows, config.kvHeads(), layout.positions(), inner.k);
    kernels.attention().forward(layout, inner.q, inner.k, inner.v, inner.attended, inner.logSums);
    System.arraycopy(x, 0, inner.middle, 0, rows * config.hiddenSize());
    linear.forward(
        rows, weights.output(), weights.outputBias(), inner.attended, inner.middle, true);
  }

  private void normaliseHeads(int rows, LayerParameters weights, LayerActivations inner) {
    System.arraycopy(inner.q, 0, inner.rawQ, 0, rows * config.querySize());
    System.arraycopy(inner.k, 0, inner.rawK, 0, rows * config.kvSize());
    kernels
        .norm()
        .forward(
            rows * config.heads(),
            config.headDim(),
            inner.rawQ,
            weights.queryNorm().values(),
            inner.q,
            inner.queryInverse);
    kernels
        .norm()
        .forward(
            rows * config.kvHeads(),
            config.headDim(),
            inner.rawK,
            weights.keyNorm().values(),
            inner.k,
            inner.keyInverse);
  }

  private void gateAndUp(int rows, LayerParameters weights, LayerActivations inner) {
    kernels
        .norm()
        .forward(
            rows,
            config.hiddenSize(),
            inner.middle,
            weights.postAttentionNorm().values(),
            normed,
            inner.middleInverse);
    kernels.linear().forward(rows, weights.gate(), null, normed, inner.gate, false);
    kernels.linear().forward(rows, weights.up(), null, normed, inner.up, false);
  }

  private void feedForward(int rows, LayerParameters weights, LayerActivations inner, float[] out) {
    gateAndUp(rows, weights, inner);
    activated = FloatArrays.atLeast(activated, rows * config.ffnSize());
    kernels.swiGlu().forward(rows * config.ffnSize(), inner.gate, inner.up, activated);
    System.arraycopy(inner.middle, 0, out, 0, rows * config.hiddenSize());
    kernels.linear().forward(rows, weights.down(), null, activated, out, true);
  }
}
