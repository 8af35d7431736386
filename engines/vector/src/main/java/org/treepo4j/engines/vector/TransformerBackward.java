package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.Design.QueryGrowth;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.engine.RowTargets;

/** The backward pass: {@link TransformerForward} read from bottom to top. */
final class TransformerBackward {
  private final ModelParameters model;
  private final ModelConfig config;
  private final Kernels kernels;

  /** Gradient of the residual stream, {@code [rows × hidden]}. */
  private float[] dx = new float[0];

  /** Gradient of what a layer adds to it, where that is scaled or normalised. */
  private float[] dOutput = new float[0];

  private float[] normed = new float[0];
  private float[] dNormed = new float[0];
  private float[] activated = new float[0];
  private float[] dActivated = new float[0];
  private float[] dAttended = new float[0];
  private float[] gated = new float[0];

  /** Gradients of queries and gates as the projection computes them. */
  private float[] dQueriesAndGates = new float[0];

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
   * @param forward fills the inner activations that were not kept again
   * @param dLogprob by row of the predicted token
   * @param dEntropy by row that predicts
   */
  void run(
      TreeLayout layout,
      RowTargets targets,
      float temperature,
      Activations activations,
      TransformerForward forward,
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
            model.head().gradient());
    model.head().collect();
    kernels
        .norm()
        .backward(
            rows,
            config.hiddenSize(),
            activations.stream(config.layers()),
            model.finalNorm().factors(),
            activations.inverse,
            dNormed,
            model.finalNorm().gradient(),
            dx,
            false);
    for (int layer = config.layers() - 1; layer >= 0; layer--) {
      if (!activations.holds(layer)) {
        forward.again(layout, layer, activations);
      }
      LayerActivations inner = activations.layer(layer);
      feedForward(rows, model.layers().get(layer), inner);
      attention(layout, layer, activations.stream(layer), inner);
    }
    if (model.embedding().trainable()) {
      float scale = (float) config.design().scales().embedding();
      if (scale != 1) {
        kernels.rowScale().scale(rows, config.hiddenSize(), scale, dx, dx);
      }
      kernels
          .embedding()
          .backward(rows, config.hiddenSize(), layout.tokens(), dx, model.embedding().gradient());
    }
  }

  /** From the gradient of the block's output in {@link #dx} to that of its middle. */
  private void feedForward(int rows, LayerParameters weights, LayerActivations inner) {
    if (weights.experts() != null) {
      float[] input = input(rows, weights.ffnNorm(), inner.middle, inner.middleInverse);
      kernels.experts().backward(rows, weights.experts(), input, inner.experts, dx, dNormed);
      inputGradient(rows, weights.ffnNorm(), inner.middle, inner.middleInverse);
      return;
    }
    Linear linear = kernels.linear();
    float[] dOut = outGradient(rows, weights.ffnOutNorm(), inner.ffnOut, inner.ffnOutInverse);
    // The activation itself comes out of its backward pass, so the weight follows afterwards.
    linear.inputGradient(rows, weights.down(), dOut, dActivated, false);
    kernels
        .activation()
        .backward(rows * config.ffnSize(), inner.gate, inner.up, dActivated, activated);
    linear.weightGradient(rows, weights.down(), null, activated, dOut);
    float[] input = input(rows, weights.ffnNorm(), inner.middle, inner.middleInverse);
    linear.backward(rows, weights.gate(), null, input, inner.gate, dNormed, false);
    linear.backward(rows, weights.up(), null, input, inner.up, dNormed, true);
    inputGradient(rows, weights.ffnNorm(), inner.middle, inner.middleInverse);
  }

  /** From the gradient of the block's middle in {@link #dx} to that of its input {@code x}. */
  private void attention(TreeLayout layout, int layer, float[] x, LayerActivations inner) {
    int rows = layout.rows();
    LayerParameters weights = model.layers().get(layer);
    Linear linear = kernels.linear();
    float[] dOut =
        outGradient(
            rows, weights.attentionOutNorm(), inner.attentionOut, inner.attentionOutInverse);
    if (weights.delta() != null) {
      float[] input = input(rows, weights.attentionNorm(), x, inner.inputInverse);
      kernels.delta().backward(layout, weights.delta(), input, inner.delta, dOut, dNormed);
      inputGradient(rows, weights.attentionNorm(), x, inner.inputInverse);
      return;
    }
    reserveAttention(rows);
    boolean gates = config.architecture().gatesAttention();
    float[] mixed = inner.attended;
    linear.inputGradient(rows, weights.output(), dOut, dAttended, false);
    if (gates) {
      gated = FloatArrays.atLeast(gated, rows * config.querySize());
      kernels.attentionGate().backward(rows, inner.attended, inner.attentionGate, dAttended, gated);
      mixed = gated;
    }
    linear.weightGradient(rows, weights.output(), weights.outputBias(), mixed, dOut);
    kernels
        .attention()
        .backward(
            layout,
            config.window(layer),
            inner.q,
            inner.k,
            inner.v,
            inner.attended,
            inner.normalizers,
            dAttended,
            dq,
            dk,
            dv);
    QueryGrowth growth = config.design().queryGrowth();
    if (growth.beta() != 0) {
      kernels.rowScale().grow(rows, config.querySize(), growth, layout.positions(), dq);
    }
    Rope rope = kernels.ropes().get(layer);
    if (rope != null) {
      rope.backward(rows, config.heads(), layout.positions(), dq);
      rope.backward(rows, config.kvHeads(), layout.positions(), dk);
    }
    if (config.qkNorm()) {
      int query = rows * config.querySize();
      int key = rows * config.kvSize();
      normaliseHeads(query, weights.queryNorm(), inner.rawQ, inner.queryInverse, dq);
      normaliseHeads(key, weights.keyNorm(), inner.rawK, inner.keyInverse, dk);
    }
    float[] input = input(rows, weights.attentionNorm(), x, inner.inputInverse);
    float[] dQueries = dq;
    if (gates) {
      dQueriesAndGates = FloatArrays.atLeast(dQueriesAndGates, rows * config.queryRows());
      kernels.attentionGate().merge(rows, dq, inner.attentionGate, dQueriesAndGates);
      dQueries = dQueriesAndGates;
    }
    linear.backward(rows, weights.query(), weights.queryBias(), input, dQueries, dNormed, false);
    linear.backward(rows, weights.key(), weights.keyBias(), input, dk, dNormed, true);
    linear.backward(rows, weights.value(), weights.valueBias(), input, dv, dNormed, true);
    inputGradient(rows, weights.attentionNorm(), x, inner.inputInverse);
  }

  /** {@code d} from the gradient of normalised heads to that of the {@code raw} ones. */
  private void normaliseHeads(int size, NormWeight norm, float[] raw, float[] inverse, float[] d) {
    kernels
        .norm()
        .backward(
            size / norm.width(),
            norm.width(),
            raw,
            norm.factors(),
            inverse,
            d,
            norm.gradient(),
            d,
            false);
  }

  /**
   * The gradient of what was normalised, scaled and added to the residual stream, {@code [rows ×
   * hidden]}: {@link #dx} itself where it was only added.
   */
  private float[] outGradient(int rows, NormWeight norm, float[] raw, float[] inverse) {
    int hidden = config.hiddenSize();
    float scale = (float) config.design().scales().residual();
    if (norm == null && scale == 1) {
      return dx;
    }
    dOutput = FloatArrays.atLeast(dOutput, rows * hidden);
    kernels.rowScale().scale(rows, hidden, scale, dx, dOutput);
    if (norm != null) {
      kernels
          .norm()
          .backward(
              rows, hidden, raw, norm.factors(), inverse, dOutput, norm.gradient(), dOutput, false);
    }
    return dOutput;
  }

  /** A layer's input once more, normalised where the model does. */
  private float[] input(int rows, NormWeight norm, float[] x, float[] inverse) {
    if (norm == null) {
      return x;
    }
    kernels.norm().again(rows, config.hiddenSize(), x, norm.factors(), inverse, normed);
    return normed;
  }

  /** Adds what {@link #dNormed} means for the residual stream to {@link #dx}. */
  private void inputGradient(int rows, NormWeight norm, float[] x, float[] inverse) {
    int hidden = config.hiddenSize();
    if (norm == null) {
      kernels.rowScale().add(rows, hidden, 1, dNormed, dx);
    } else {
      kernels
          .norm()
          .backward(rows, hidden, x, norm.factors(), inverse, dNormed, norm.gradient(), dx, true);
    }
  }

  private void reserve(int rows) {
    dx = FloatArrays.atLeast(dx, rows * config.hiddenSize());
    normed = FloatArrays.atLeast(normed, rows * config.hiddenSize());
    dNormed = FloatArrays.atLeast(dNormed, rows * config.hiddenSize());
    if (config.design().experts() == null) {
      activated = FloatArrays.atLeast(activated, rows * config.ffnSize());
      dActivated = FloatArrays.atLeast(dActivated, rows * config.ffnSize());
    }
  }

  private void reserveAttention(int rows) {
    dAttended = FloatArrays.atLeast(dAttended, rows * config.querySize());
    dq = FloatArrays.atLeast(dq, rows * config.querySize());
    dk = FloatArrays.atLeast(dk, rows * config.kvSize());
    dv = FloatArrays.atLeast(dv, rows * config.kvSize());
  }
}
