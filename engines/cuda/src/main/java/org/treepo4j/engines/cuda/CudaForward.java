package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import org.treepo4j.checkpoints.Design.QueryGrowth;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.CudaLinear.Rows;
import org.treepo4j.engines.cuda.DeviceArray.Type;

/** The forward pass over rows of tokens, block by block, top to bottom as the model is drawn. */
final class CudaForward implements AutoCloseable {
  private final Device device;
  private final CudaWeights weights;
  private final ModelConfig config;
  private final RowKernels rowKernels;
  private final CudaLinear linear;
  private final CudaRotary rotary;
  private final Type type;
  private final float plus;
  private DeviceArray normed;
  private DeviceArray activated;
  private DeviceArray addend;

  /**
   * The tokens of a pass.
   *
   * @param tokens ids, {@code I32 [rows]}
   * @param positions {@code I32 [rows]}
   * @param growth what queries are multiplied by, {@code F32 [rows]}; null for nothing
   * @param kind what they belong to
   */
  record Batch(
      int rows, DeviceArray tokens, DeviceArray positions, DeviceArray growth, Rows kind) {}

  /** How rows see each other. */
  interface Mixer {
    /**
     * Fills {@code attended}, and {@code normalizers} for a backward pass, from queries, keys and
     * values.
     */
    void attend(int layer, Activations.Inner inner);
  }

  /**
   * @param type of activations inside blocks, and of what products read
   */
  CudaForward(
      Device device,
      CudaWeights weights,
      ModelConfig config,
      RowKernels rowKernels,
      CudaLinear linear,
      CudaRotary rotary,
      Type type) {
    this.device = device;
    this.weights = weights;
    this.config = config;
    this.rowKernels = rowKernels;
    this.linear = linear;
    this.rotary = rotary;
    this.type = type;
    this.plus = config.architecture().normsAddOne() ? 1 : 0;
  }

  /** What queries at these positions are multiplied by; null when it is 1 everywhere. */
  static float[] growth(ModelConfig config, int[] positions) {
    QueryGrowth growth = config.design().queryGrowth();
    if (growth.beta() == 0) {
      return null;
    }
    float[] factors = new float[positions.length];
    for (int row = 0; row < factors.length; row++) {
      factors[row] = (float) growth.at(positions[row]);
    }
    return factors;
  }

  /** Reserves scratch memory. */
  void reserve(int rows) {
    normed = device.atLeast(normed, type, (long) rows * config.hiddenSize());
    addend = device.atLeast(addend, type, (long) rows * config.hiddenSize());
    activated = device.atLeast(activated, type, (long) rows * config.ffnSize());
  }

  /** Fills {@code activations}, which are reserved, down to the final hidden states. */
  void run(Batch batch, Activations activations, Mixer mixer) {
    int rows = batch.rows();
    reserve(rows);
    linear.rows(batch.kind());
    rowKernels.embed(
        rows,
        config.hiddenSize(),
        batch.tokens(),
        weights.embedding().operand(),
        (float) config.design().scales().embedding(),
        activations.stream(0));
    for (int layer = 0; layer < config.layers(); layer++) {
      block(batch, layer, activations, mixer);
      join(
          rows,
          weights.layers().get(layer).down(),
          null,
          activated,
          weights.layers().get(layer).ffnOutNorm(),
          activations.of(layer).ffnOut,
          activations.of(layer).ffnOutInverse,
          activations.middle(layer),
          activations.stream(layer + 1));
    }
    rowKernels.norm(
        rows,
        config.hiddenSize(),
        activations.stream(config.layers()),
        weights.finalNorm().values(),
        plus,
        (float) config.normEps(),
        activations.hidden(),
        activations.inverse());
  }

  /** Fills the inner activations of a block again from its input. */
  void again(Batch batch, int layer, Activations activations, Mixer mixer) {
    linear.rows(batch.kind());
    block(batch, layer, activations, mixer);
    CudaWeights.Layer own = weights.layers().get(layer);
    if (own.ffnOutNorm() != null) {
      Activations.Inner inner = activations.of(layer);
      output(
          batch.rows(),
          own.down(),
          null,
          activated,
          own.ffnOutNorm(),
          inner.ffnOut,
          inner.ffnOutInverse);
    }
  }

  /** A block down to the gated activation of its feed-forward layer, {@link #activated}. */
  private void block(Batch batch, int layer, Activations activations, Mixer mixer) {
    int rows = batch.rows();
    CudaWeights.Layer own = weights.layers().get(layer);
    Activations.Inner inner = activations.fill(layer);
    DeviceArray x = activations.stream(layer);
    DeviceArray input = input(rows, own.attentionNorm(), x, inner.inputInverse);
    boolean norms = config.qkNorm();
    linear.forward(rows, own.query(), own.queryBias(), input, norms ? inner.rawQ : inner.q, false);
    linear.forward(rows, own.key(), own.keyBias(), input, norms ? inner.rawK : inner.k, false);
    linear.forward(rows, own.value(), own.valueBias(), input, inner.v, false);
    if (norms) {
      heads(rows, config.querySize(), own.queryNorm(), inner.rawQ, inner.q, inner.queryInverse);
      heads(rows, config.kvSize(), own.keyNorm(), inner.rawK, inner.k, inner.keyInverse);
    }
    rotary.rotate(layer, rows, batch.positions(), inner.q, inner.k, false);
    if (batch.growth() != null) {
      rowKernels.scaleRows(rows, config.querySize(), batch.growth(), inner.q);
    }
    mixer.attend(layer, inner);
    DeviceArray middle = activations.middle(layer);
    join(
        rows,
        own.output(),
        own.outputBias(),
        inner.attended,
        own.attentionOutNorm(),
        inner.attentionOut,
        inner.attentionOutInverse,
        x,
        middle);
    DeviceArray ffnInput = input(rows, own.ffnNorm(), middle, inner.middleInverse);
    linear.forward(rows, own.gate(), null, ffnInput, inner.gate, false);
    linear.forward(rows, own.up(), null, ffnInput, inner.up, false);
    rowKernels.activate(
        config.design().activation(),
        (long) rows * config.ffnSize(),
        inner.gate,
        inner.up,
        activated);
  }

  private void heads(
      int rows,
      int size,
      CudaParameter norm,
      DeviceArray raw,
      DeviceArray to,
      DeviceArray inverse) {
    int width = norm.size();
    rowKernels.norm(
        Math.multiplyExact(rows, size / width),
        width,
        raw,
        norm.values(),
        plus,
        (float) config.normEps(),
        to,
        inverse);
  }

  /**
   * A layer's input, normalised where the model does: {@code [rows × hidden]}, of the type of
   * activations.
   *
   * @param x of the residual stream
   * @param inverse receives the norm's inverses; null when they are known
   */
  DeviceArray input(int rows, CudaParameter norm, DeviceArray x, DeviceArray inverse) {
    if (norm == null) {
      if (type == F32) {
        return x;
      }
      rowKernels.convert((long) rows * config.hiddenSize(), x, normed);
      return normed;
    }
    rowKernels.norm(
        rows,
        config.hiddenSize(),
        x,
        norm.values(),
        plus,
        (float) config.normEps(),
        normed,
        inverse);
    return normed;
  }

  /**
   * {@code to = stream + scale·norm(x·Wᵀ + b)}, with scale and norm where the model has them.
   *
   * @param raw receives the product where it is normalised, {@code [rows × hidden]}
   * @param inverse receives the norm's inverses, {@code [rows]}
   * @param to may be {@code stream}
   */
  private void join(
      int rows,
      CudaMatrix weight,
      CudaParameter bias,
      DeviceArray x,
      CudaParameter norm,
      DeviceArray raw,
      DeviceArray inverse,
      DeviceArray stream,
      DeviceArray to) {
    long n = (long) rows * config.hiddenSize();
    if (to != stream) {
      device.copy(stream.part(0, n), to.part(0, n));
    }
    float scale = (float) config.design().scales().residual();
    if (norm == null && scale == 1) {
      linear.forward(rows, weight, bias, x, to, true);
      return;
    }
    output(rows, weight, bias, x, norm, raw, inverse);
    rowKernels.combine(n, scale, addend, 1, to);
  }

  /** {@code norm(x·Wᵀ + b)} into {@link #addend}. */
  private void output(
      int rows,
      CudaMatrix weight,
      CudaParameter bias,
      DeviceArray x,
      CudaParameter norm,
      DeviceArray raw,
      DeviceArray inverse) {
    linear.forward(rows, weight, bias, x, norm == null ? addend : raw, false);
    if (norm != null) {
      rowKernels.norm(
          rows,
          config.hiddenSize(),
          raw,
          norm.values(),
          plus,
          (float) config.normEps(),
          addend,
          inverse);
    }
  }

  @Override
  public void close() {
    device.free(normed);
    device.free(activated);
    device.free(addend);
  }
}
