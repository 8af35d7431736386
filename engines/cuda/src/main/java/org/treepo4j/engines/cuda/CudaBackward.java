package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.DeviceArray.Type;

/** The backward pass: {@link CudaForward} read from bottom to top. */
final class CudaBackward implements AutoCloseable {
  private final Device device;
  private final CudaWeights weights;
  private final ModelConfig config;
  private final Kernels kernels;
  private final CudaLinear linear;
  private final CudaRotary rotary;
  private final CudaForward forward;
  private final Type type;
  private final AttentionShape shape;
  private final float plus;

  /** Gradient of the residual stream, {@code F32 [rows × hidden]}. */
  private DeviceArray dx;

  /** Gradient of what a layer adds to it. */
  private DeviceArray dOutput;

  private DeviceArray dNormed;
  private DeviceArray activated;
  private DeviceArray dActivated;
  private DeviceArray dAttended;
  private DeviceArray delta;
  private DeviceArray dq;
  private DeviceArray dk;
  private DeviceArray dv;

  CudaBackward(
      Device device,
      CudaWeights weights,
      ModelConfig config,
      Kernels kernels,
      CudaLinear linear,
      CudaRotary rotary,
      CudaForward forward,
      Type type) {
    this.device = device;
    this.weights = weights;
    this.config = config;
    this.kernels = kernels;
    this.linear = linear;
    this.rotary = rotary;
    this.forward = forward;
    this.type = type;
    this.shape = AttentionShape.of(config);
    this.plus = config.architecture().normsAddOne() ? 1 : 0;
  }

  /** Where the gradient of the final hidden states goes before {@link #run}. */
  DeviceArray hiddenGradient(int rows) {
    dNormed = device.atLeast(dNormed, type, (long) rows * config.hiddenSize());
    return dNormed;
  }

  /**
   * Adds the gradients of the weights, from {@link #hiddenGradient} on.
   *
   * @param tokens the same as the batch's
   * @param mixer as the forward pass had it
   */
  void run(CudaForward.Batch batch, TokenRows tokens, TreeMixer mixer, Activations activations) {
    int rows = batch.rows();
    int hidden = config.hiddenSize();
    reserve(rows);
    linear.rows(CudaLinear.Rows.OF_TREES);
    CudaParameter norm = weights.finalNorm();
    DeviceArray last = activations.stream(config.layers());
    if (norm.trainable()) {
      kernels
          .rows()
          .normWeightBackward(rows, hidden, last, activations.inverse(), dNormed, norm.gradient());
    }
    kernels
        .rows()
        .normBackward(
            rows, hidden, last, norm.values(), plus, activations.inverse(), dNormed, dx, false);
    for (int layer = config.layers() - 1; layer >= 0; layer--) {
      if (!activations.holds(layer)) {
        forward.again(batch, layer, activations, mixer);
      }
      feedForward(rows, layer, activations);
      attention(batch, layer, activations, mixer);
    }
    if (weights.embedding().trainable()) {
      embedding(rows, tokens);
    }
  }

  private void embedding(int rows, TokenRows tokens) {
    DeviceArray ids = device.upload(tokens.ids());
    DeviceArray starts = device.upload(tokens.starts());
    DeviceArray ofTokens = device.upload(tokens.rows());
    kernels
        .rows()
        .embedBackward(
            tokens.distinct(),
            config.hiddenSize(),
            ids,
            starts,
            ofTokens,
            (float) config.design().scales().embedding(),
            dx,
            weights.embedding().gradient());
    device.free(ids);
    device.free(starts);
    device.free(ofTokens);
  }

  /** From the gradient of the block's output in {@link #dx} to that of its middle. */
  private void feedForward(int rows, int layer, Activations activations) {
    CudaWeights.Layer own = weights.layers().get(layer);
    Activations.Inner inner = activations.of(layer);
    DeviceArray dOut = outGradient(rows, own.ffnOutNorm(), inner.ffnOut, inner.ffnOutInverse);
    // The activation itself comes out of its backward pass, so the weight follows afterwards.
    linear.inputGradient(rows, own.down(), dOut, dActivated, false);
    kernels
        .rows()
        .activateBackward(
            config.design().activation(),
            (long) rows * config.ffnSize(),
            inner.gate,
            inner.up,
            dActivated,
            activated);
    linear.weightGradient(rows, own.down(), null, activated, dOut);
    DeviceArray middle = activations.middle(layer);
    DeviceArray input = forward.input(rows, own.ffnNorm(), middle, null);
    linear.inputGradient(rows, own.gate(), inner.gate, dNormed, false);
    linear.weightGradient(rows, own.gate(), null, input, inner.gate);
    linear.inputGradient(rows, own.up(), inner.up, dNormed, true);
    linear.weightGradient(rows, own.up(), null, input, inner.up);
    inputGradient(rows, own.ffnNorm(), middle, inner.middleInverse);
  }

  /** From the gradient of the block's middle in {@link #dx} to that of its input. */
  private void attention(
      CudaForward.Batch batch, int layer, Activations activations, TreeMixer mixer) {
    int rows = batch.rows();
    CudaWeights.Layer own = weights.layers().get(layer);
    Activations.Inner inner = activations.of(layer);
    DeviceArray x = activations.stream(layer);
    DeviceArray dOut =
        outGradient(rows, own.attentionOutNorm(), inner.attentionOut, inner.attentionOutInverse);
    linear.inputGradient(rows, own.output(), dOut, dAttended, false);
    linear.weightGradient(rows, own.output(), own.outputBias(), inner.attended, dOut);
    kernels
        .treeAttention()
        .backward(
            shape,
            mixer.tiles(layer),
            inner.q,
            inner.k,
            inner.v,
            inner.attended,
            inner.normalizers,
            dAttended,
            delta,
            dq,
            dk,
            dv);
    if (batch.growth() != null) {
      kernels.rows().scaleRows(rows, config.querySize(), batch.growth(), dq);
    }
    rotary.rotate(layer, rows, batch.positions(), dq, dk, true);
    if (config.qkNorm()) {
      heads(rows, config.querySize(), own.queryNorm(), inner.rawQ, inner.queryInverse, dq);
      heads(rows, config.kvSize(), own.keyNorm(), inner.rawK, inner.keyInverse, dk);
    }
    DeviceArray input = forward.input(rows, own.attentionNorm(), x, null);
    linear.inputGradient(rows, own.query(), dq, dNormed, false);
    linear.weightGradient(rows, own.query(), own.queryBias(), input, dq);
    linear.inputGradient(rows, own.key(), dk, dNormed, true);
    linear.weightGradient(rows, own.key(), own.keyBias(), input, dk);
    linear.inputGradient(rows, own.value(), dv, dNormed, true);
    linear.weightGradient(rows, own.value(), own.valueBias(), input, dv);
    inputGradient(rows, own.attentionNorm(), x, inner.inputInverse);
  }

  /** Gradient of normalised heads in place. */
  private void heads(
      int rows, int size, CudaParameter norm, DeviceArray raw, DeviceArray inverse, DeviceArray d) {
    int width = norm.size();
    int count = Math.multiplyExact(rows, size / width);
    if (norm.trainable()) {
      kernels.rows().normWeightBackward(count, width, raw, inverse, d, norm.gradient());
    }
    kernels.rows().normBackward(count, width, raw, norm.values(), plus, inverse, d, d, false);
  }

  /** Gradient of what a layer adds to the residual stream, of the type of activations. */
  private DeviceArray outGradient(
      int rows, CudaParameter norm, DeviceArray raw, DeviceArray inverse) {
    int hidden = config.hiddenSize();
    float scale = (float) config.design().scales().residual();
    if (norm == null && scale == 1 && type == F32) {
      return dx;
    }
    kernels.rows().combine((long) rows * hidden, scale, dx, 0, dOutput);
    if (norm != null) {
      if (norm.trainable()) {
        kernels.rows().normWeightBackward(rows, hidden, raw, inverse, dOutput, norm.gradient());
      }
      kernels
          .rows()
          .normBackward(rows, hidden, raw, norm.values(), plus, inverse, dOutput, dOutput, false);
    }
    return dOutput;
  }

  /** Adds what {@link #dNormed} means for the residual stream to {@link #dx}. */
  private void inputGradient(int rows, CudaParameter norm, DeviceArray x, DeviceArray inverse) {
    int hidden = config.hiddenSize();
    if (norm == null) {
      kernels.rows().add((long) rows * hidden, dNormed, dx);
      return;
    }
    if (norm.trainable()) {
      kernels.rows().normWeightBackward(rows, hidden, x, inverse, dNormed, norm.gradient());
    }
    kernels.rows().normBackward(rows, hidden, x, norm.values(), plus, inverse, dNormed, dx, true);
  }

  private void reserve(int rows) {
    long hidden = (long) rows * config.hiddenSize();
    long query = (long) rows * config.querySize();
    long kv = (long) rows * config.kvSize();
    dx = device.atLeast(dx, F32, hidden);
    dOutput = device.atLeast(dOutput, type, hidden);
    activated = device.atLeast(activated, type, (long) rows * config.ffnSize());
    dActivated = device.atLeast(dActivated, type, (long) rows * config.ffnSize());
    dAttended = device.atLeast(dAttended, type, query);
    delta = device.atLeast(delta, F32, (long) rows * config.heads());
    dq = device.atLeast(dq, type, query);
    dk = device.atLeast(dk, type, kv);
    dv = device.atLeast(dv, type, kv);
  }

  @Override
  public void close() {
    for (DeviceArray array :
        new DeviceArray[] {
          dx, dOutput, dNormed, activated, dActivated, dAttended, delta, dq, dk, dv
        }) {
      device.free(array);
    }
  }
}
