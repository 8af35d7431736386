package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.Design.QueryGrowth;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.engine.RowTargets;

/** The forward pass, block by block, top to bottom as the model is drawn. */
final class TransformerForward {
  private final ModelParameters model;
  private final ModelConfig config;
  private final Kernels kernels;
  private float[] normed = new float[0];
  private float[] activated = new float[0];
  private float[] addend = new float[0];

  /** Queries and gates as the projection computes them, and the gated output of attention. */
  private float[] queriesAndGates = new float[0];

  private float[] gated = new float[0];

  TransformerForward(ModelParameters model, Kernels kernels) {
    this.model = model;
    this.config = model.config();
    this.kernels = kernels;
  }

  /** Fills {@code activations}, its scores included. */
  void run(TreeLayout layout, RowTargets targets, float temperature, Activations activations) {
    int rows = layout.rows();
    float[] x = activations.stream(0);
    kernels
        .embedding()
        .forward(rows, config.hiddenSize(), layout.tokens(), model.embedding().values(), x);
    float scale = (float) config.design().scales().embedding();
    if (scale != 1) {
      kernels.rowScale().scale(rows, config.hiddenSize(), scale, x, x);
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      LayerActivations inner = activations.fill(layer);
      attention(layout, layer, activations.stream(layer), inner);
      feedForward(rows, layer, activations, activations.stream(layer + 1));
    }
    kernels
        .norm()
        .forward(
            rows,
            config.hiddenSize(),
            activations.stream(config.layers()),
            model.finalNorm().factors(),
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
    int rows = layout.rows();
    LayerParameters weights = model.layers().get(layer);
    LayerActivations inner = activations.fill(layer);
    attention(layout, layer, activations.stream(layer), inner);
    if (weights.experts() != null) {
      float[] input = input(rows, weights.ffnNorm(), inner.middle, inner.middleInverse);
      kernels
          .experts()
          .forward(rows, weights.experts(), input, inner.experts, null, activations.routing, layer);
      return;
    }
    activate(rows, weights, inner);
    if (weights.ffnOutNorm() != null) {
      output(
          rows,
          weights.down(),
          null,
          activated,
          weights.ffnOutNorm(),
          inner.ffnOut,
          inner.ffnOutInverse);
    }
  }

  private void attention(TreeLayout layout, int layer, float[] x, LayerActivations inner) {
    int rows = layout.rows();
    LayerParameters weights = model.layers().get(layer);
    float[] input = input(rows, weights.attentionNorm(), x, inner.inputInverse);
    if (weights.delta() != null) {
      float[] mixed = kernels.delta().forward(layout, weights.delta(), input, inner.delta);
      mixIn(rows, weights, weights.delta().output(), x, mixed, inner);
      return;
    }
    Linear linear = kernels.linear();
    boolean gates = config.architecture().gatesAttention();
    if (gates) {
      queriesAndGates = FloatArrays.atLeast(queriesAndGates, rows * config.queryRows());
      linear.forward(rows, weights.query(), null, input, queriesAndGates, false);
      kernels.attentionGate().split(rows, queriesAndGates, inner.q, inner.attentionGate);
    } else {
      linear.forward(rows, weights.query(), weights.queryBias(), input, inner.q, false);
    }
    linear.forward(rows, weights.key(), weights.keyBias(), input, inner.k, false);
    linear.forward(rows, weights.value(), weights.valueBias(), input, inner.v, false);
    if (config.qkNorm()) {
      normaliseHeads(rows, weights, inner);
    }
    Rope rope = kernels.ropes().get(layer);
    if (rope != null) {
      rope.forward(rows, config.heads(), layout.positions(), inner.q);
      rope.forward(rows, config.kvHeads(), layout.positions(), inner.k);
    }
    QueryGrowth growth = config.design().queryGrowth();
    if (growth.beta() != 0) {
      kernels.rowScale().grow(rows, config.querySize(), growth, layout.positions(), inner.q);
    }
    kernels
        .attention()
        .forward(
            layout,
            config.window(layer),
            inner.q,
            inner.k,
            inner.v,
            inner.attended,
            inner.normalizers);
    float[] mixed = inner.attended;
    if (gates) {
      gated = FloatArrays.atLeast(gated, rows * config.querySize());
      kernels.attentionGate().forward(rows, inner.attended, inner.attentionGate, gated);
      mixed = gated;
    }
    mixIn(rows, weights, weights.output(), x, mixed, inner);
  }

  /** The block's middle: its input {@code x} and what its layer made of it. */
  private void mixIn(
      int rows,
      LayerParameters weights,
      Projection output,
      float[] x,
      float[] mixed,
      LayerActivations inner) {
    System.arraycopy(x, 0, inner.middle, 0, rows * config.hiddenSize());
    join(
        rows,
        output,
        weights.outputBias(),
        mixed,
        weights.attentionOutNorm(),
        inner.attentionOut,
        inner.attentionOutInverse,
        inner.middle);
  }

  /** A layer's input, normalised where the model does: {@code [rows × hidden]}. */
  private float[] input(int rows, NormWeight norm, float[] x, float[] inverse) {
    if (norm == null) {
      return x;
    }
    normed = FloatArrays.atLeast(normed, rows * config.hiddenSize());
    kernels.norm().forward(rows, config.hiddenSize(), x, norm.factors(), normed, inverse);
    return normed;
  }

  private void normaliseHeads(int rows, LayerParameters weights, LayerActivations inner) {
    int query = rows * config.querySize();
    int key = rows * config.kvSize();
    System.arraycopy(inner.q, 0, inner.rawQ, 0, query);
    System.arraycopy(inner.k, 0, inner.rawK, 0, key);
    NormWeight ofQuery = weights.queryNorm();
    NormWeight ofKey = weights.keyNorm();
    kernels
        .norm()
        .forward(
            query / ofQuery.width(),
            ofQuery.width(),
            inner.rawQ,
            ofQuery.factors(),
            inner.q,
            inner.queryInverse);
    kernels
        .norm()
        .forward(
            key / ofKey.width(),
            ofKey.width(),
            inner.rawK,
            ofKey.factors(),
            inner.k,
            inner.keyInverse);
  }

  /**
   * The gated activation of the feed-forward layer, {@code [rows × ffn]}, and what it is made of.
   */
  private void activate(int rows, LayerParameters weights, LayerActivations inner) {
    float[] input = input(rows, weights.ffnNorm(), inner.middle, inner.middleInverse);
    kernels.linear().forward(rows, weights.gate(), null, input, inner.gate, false);
    kernels.linear().forward(rows, weights.up(), null, input, inner.up, false);
    activated = FloatArrays.atLeast(activated, rows * config.ffnSize());
    kernels.activation().forward(rows * config.ffnSize(), inner.gate, inner.up, activated);
  }

  private void feedForward(int rows, int layer, Activations activations, float[] out) {
    LayerParameters weights = model.layers().get(layer);
    LayerActivations inner = activations.layer(layer);
    if (weights.experts() != null) {
      float[] input = input(rows, weights.ffnNorm(), inner.middle, inner.middleInverse);
      System.arraycopy(inner.middle, 0, out, 0, rows * config.hiddenSize());
      kernels
          .experts()
          .forward(rows, weights.experts(), input, inner.experts, out, activations.routing, layer);
      return;
    }
    activate(rows, weights, inner);
    System.arraycopy(inner.middle, 0, out, 0, rows * config.hiddenSize());
    join(
        rows,
        weights.down(),
        null,
        activated,
        weights.ffnOutNorm(),
        inner.ffnOut,
        inner.ffnOutInverse,
        out);
  }

  /**
   * {@code stream += scale·norm(x·Wᵀ + b)}, with scale and norm where the model has them.
   *
   * @param raw receives the product where it is normalised, {@code [rows × hidden]}
   * @param inverse receives the norm's inverses, {@code [rows]}
   */
  private void join(
      int rows,
      Projection weight,
      Parameter bias,
      float[] x,
      NormWeight norm,
      float[] raw,
      float[] inverse,
      float[] stream) {
    float scale = (float) config.design().scales().residual();
    if (norm == null && scale == 1) {
      kernels.linear().forward(rows, weight, bias, x, stream, true);
      return;
    }
    output(rows, weight, bias, x, norm, raw, inverse);
    kernels.rowScale().add(rows, config.hiddenSize(), scale, addend, stream);
  }

  /** {@code norm(x·Wᵀ + b)} into {@link #addend}. */
  private void output(
      int rows,
      Projection weight,
      Parameter bias,
      float[] x,
      NormWeight norm,
      float[] raw,
      float[] inverse) {
    int hidden = config.hiddenSize();
    addend = FloatArrays.atLeast(addend, rows * hidden);
    kernels.linear().forward(rows, weight, bias, x, norm == null ? addend : raw, false);
    if (norm != null) {
      kernels.norm().forward(rows, hidden, raw, norm.factors(), addend, inverse);
    }
  }
}
