package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Parameter;

/** The backward pass: {@link TransformerForward} read from bottom to top. */
final class TransformerBackward {
  private final ModelParameters model;
  private final ModelConfig config;
  private final Kernels kernels;

  /** Gradient of the residual stream, {@code [rows × hidden]}. */
  private float[] dx = new float[0];

  private float[] normed = new float[0];
  private float[] dNormed = new float[0];
  private float[] activated = new float[0];
  private float[] dActivated = new float[0];
  private float[] dAttended = new float[0];
  private float[] dq = new float[0];
  private float[] dk = new float[0];
  private float[] dv = new float[0];

  TransformerBackward(ModelParameters model, Kernels kernels) {
    this.model = model;
    this.config = model.config();
    this.kernels = kernels;
  }

  /**
   * Adds the gradients of {@code Σ dLogprob·logprob + dEntropy·entropy} to the weights.
   *
   * @param recompute fills a block's inner activations again from its input, or null when they were
   *     kept
   * @param dLogprob by row of the predicted token
   * @param dEntropy by row that predicts
   */
  void run(
      TreeLayout layout,
      Targets targets,
      float temperature,
      Activations activations,
      TransformerForward recompute,
      float[] dLogprob,
      float[] dEntropy) {
    int rows = layout.rows();
    reserve(rows);
    kernels
        .head()
        .backward(
            rows,
            activations.hidden,
            model.head().values(),
            targets,
            temperature,
            activations.scores,
            dLogprob,
            dEntropy,
            dNormed,
            gradient(model.head()));
    kernels
        .norm()
        .backward(
            rows,
            config.hiddenSize(),
            activations.stream(config.layers()),
            model.finalNorm().values(),
            activations.inverse,
            dNormed,
            gradient(model.finalNorm()),
            dx,
            false);
    for (int layer = config.layers() - 1; layer >= 0; layer--) {
      if (recompute != null) {
        recompute.again(layout, layer, activations);
      }
      LayerActivations inner = activations.layer(layer);
      feedForward(rows, model.layers().get(layer), inner);
      attention(layout, model.layers().get(layer), activations.stream(layer), inner);
    }
    if (model.embedding().trainable()) {
      kernels
          .embedding()
          .backward(rows, config.hiddenSize(), layout.tokens(), dx, model.embedding().gradient());
    }
  }

  /** From the gradient of the block's output in {@link #dx} to that of its middle. */
  private void feedForward(int rows, LayerParameters weights, LayerActivations inner) {
    Linear linear = kernels.linear();
    int hidden = config.hiddenSize();
    // The activation itself comes out of its backward pass, so the weight follows afterwards.
    linear.inputGradient(rows, weights.down(), dx, dActivated, false);
    kernels.swiGlu().backward(rows * config.ffnSize(), inner.gate, inner.up, dActivated, activated);
    linear.weightGradient(rows, weights.down(), null, activated, dx);
    kernels
        .norm()
        .again(
            rows,
            hidden,
            inner.middle,
            weights.postAttentionNorm().values(),
            inner.middleInverse,
            normed);
    linear.backward(rows, weights.gate(), null, normed, inner.gate, dNormed, false);
    linear.backward(rows, weights.up(), null, normed, inner.up, dNormed, true);
    kernels
        .norm()
        .backward(
            rows,
            hidden,
            inner.middle,
            weights.postAttentionNorm().values(),
            inner.middleInverse,
            dNormed,
            gradient(weights.postAttentionNorm()),
            dx,
            true);
  }

  /** From the gradient of the block's middle in {@link #dx} to that of its input {@code x}. */
  private void attention(
      TreeLayout layout, LayerParameters weights, float[] x, LayerActivations inner) {
    int rows = layout.rows();
    Linear linear = kernels.linear();
    linear.backward(
        rows, weights.output(), weights.outputBias(), inner.attended, dx, dAttended, false);
    kernels
        .attention()
        .backward(
            layout,
            inner.q,
            inner.k,
            inner.v,
            inner.attended,
            inner.logSums,
            dAttended,
            dq,
            dk,
            dv);
    kernels.rope().backward(rows, config.heads(), layout.positions(), dq);
    kernels.rope().backward(rows, config.kvHeads(), layout.positions(), dk);
    if (config.qkNorm()) {
      normaliseHeads(rows, weights, inner);
    }
    kernels
        .norm()
        .again(
            rows, config.hiddenSize(), x, weights.inputNorm().values(), inner.inputInverse, normed);
    linear.backward(rows, weights.query(), weights.queryBias(), normed, dq, dNormed, false);
    linear.backward(rows, weights.key(), weights.keyBias(), normed, dk, dNormed, true);
    linear.backward(rows, weights.value(), weights.valueBias(), normed, dv, dNormed, true);
    kernels
        .norm()
        .backward(
            rows,
            config.hiddenSize(),
            x,
            weights.inputNorm().values(),
            inner.inputInverse,
            dNormed,
            gradient(weights.inputNorm()),
            dx,
            true);
  }

  private void normaliseHeads(int rows, LayerParameters weights, LayerActivations inner) {
    kernels
        .norm()
        .backward(
            rows * config.heads(),
            config.headDim(),
            inner.rawQ,
            weights.queryNorm().values(),
            inner.queryInverse,
            dq,
            gradient(weights.queryNorm()),
            dq,
            false);
    kernels
        .norm()
        .backward(
            rows * config.kvHeads(),
            config.headDim(),
            inner.rawK,
            weights.keyNorm().values(),
            inner.keyInverse,
            dk,
            gradient(weights.keyNorm()),
            dk,
            false);
  }

  private void reserve(int rows) {
    dx = FloatArrays.atLeast(dx, rows * config.hiddenSize());
    normed = FloatArrays.atLeast(normed, rows * config.hiddenSize());
    dNormed = FloatArrays.atLeast(dNormed, rows * config.hiddenSize());
    activated = FloatArrays.atLeast(activated, rows * config.ffnSize());
    dActivated = FloatArrays.atLeast(dActivated, rows * config.ffnSize());
    dAttended = FloatArrays.atLeast(dAttended, rows * config.querySize());
    dq = FloatArrays.atLeast(dq, rows * config.querySize());
    dk = FloatArrays.atLeast(dk, rows * config.kvSize());
    dv = FloatArrays.atLeast(dv, rows * config.kvSize());
  }

  private static float[] gradient(Parameter parameter) {
    return parameter.trainable() ? parameter.gradient() : null;
  }
}
