package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.StepKernels.Cached;
import org.treepo4j.engines.cuda.StepKernels.Norm;
import org.treepo4j.engines.cuda.StepKernels.Projection;

/**
 * The forward pass of a decoder's step in bf16: what {@link CudaForward} computes, in six launches
 * a block where that takes twenty; adapters take two more for each matrix they stand beside, in
 * part together. Numbers between fused parts are float32 here and bf16 there.
 */
final class StepForward implements AutoCloseable {
  private final Device device;
  private final CudaWeights weights;
  private final ModelConfig config;
  private final Kernels kernels;
  private final CudaRotary rotary;
  private final AttentionShape shape;
  private DeviceArray activated;

  /** {@code norm(x)·Aᵀ} or {@code x·Aᵀ} of adapters, {@code BF16 [rows × rank]}. */
  private final DeviceArray[] lows = new DeviceArray[StepKernels.MOST_PROJECTIONS];

  private int rank;

  /** A matrix that multiplies normalised rows, its bias or null, and where the product goes. */
  private record Output(CudaMatrix matrix, CudaParameter bias, DeviceArray y) {}

  /** Attention of a layer's queries over the cache, which holds the rows' own keys and values. */
  interface Attention {
    void attend(int layer, Activations.Inner inner);
  }

  StepForward(
      Device device, CudaWeights weights, ModelConfig config, Kernels kernels, CudaRotary rotary) {
    this.device = device;
    this.weights = weights;
    this.config = config;
    this.kernels = kernels;
    this.rotary = rotary;
    this.shape = AttentionShape.of(config);
    for (CudaWeights.Layer layer : weights.layers()) {
      for (CudaMatrix matrix : layer.matrices()) {
        rank = Math.max(rank, matrix.low() == null ? 0 : matrix.low().rank());
      }
    }
  }

  /** Whether it computes this model: norms before layers or of single heads. */
  static boolean runs(CudaWeights weights, ModelConfig config, DeviceArray.Type type) {
    return type == BF16
        && config.architecture().norms() == Norms.BEFORE
        && !(config.outputBias() && config.design().scales().residual() != 1)
        && weights.layers().stream()
            .map(CudaWeights.Layer::queryNorm)
            .allMatch(norm -> norm == null || norm.size() == config.headDim());
  }

  /** Reserves scratch memory. */
  void reserve(int rows) {
    kernels.step().reserve(rows, config.hiddenSize());
    activated = device.atLeast(activated, BF16, (long) rows * config.ffnSize());
    for (int i = 0; rank > 0 && i < lows.length; i++) {
      lows[i] = device.atLeast(lows[i], BF16, (long) rows * rank);
    }
  }

  /**
   * Fills {@code activations}, which are reserved, down to the final hidden states.
   *
   * @param slots of the rows' own keys and values, {@code I32 [rows]}
   */
  void run(
      CudaForward.Batch batch,
      Activations activations,
      DeviceArray slots,
      CudaCache cache,
      Attention attention) {
    int rows = batch.rows();
    int width = config.hiddenSize();
    reserve(rows);
    DeviceArray stream = activations.stream(0);
    kernels
        .rows()
        .embed(
            rows,
            width,
            batch.tokens(),
            weights.embedding().operand(),
            (float) config.design().scales().embedding(),
            stream);
    for (int layer = 0; layer < config.layers(); layer++) {
      CudaWeights.Layer own = weights.layers().get(layer);
      Activations.Inner inner = activations.fill(layer);
      project(
          rows,
          stream,
          own.attentionNorm(),
          new Output(own.query(), own.queryBias(), inner.q),
          new Output(own.key(), own.keyBias(), inner.k),
          new Output(own.value(), own.valueBias(), inner.v));
      kernels
          .step()
          .place(
              shape,
              rows,
              norm(own.queryNorm()),
              norm(own.keyNorm()),
              batch.positions(),
              rotary.angles(layer),
              batch.growth(),
              new Cached(slots, cache.keys(layer), cache.values(layer)),
              inner.q,
              inner.k,
              inner.v);
      attention.attend(layer, inner);
      join(rows, own.output(), inner.attended, stream);
      if (own.outputBias() != null) {
        kernels.rows().addBias(rows, width, own.outputBias().values(), stream);
      }
      gated(rows, own, inner, stream);
      join(rows, own.down(), activated, stream);
    }
    kernels
        .rows()
        .norm(
            rows,
            width,
            stream,
            weights.finalNorm().values(),
            plus(),
            (float) config.normEps(),
            activations.hidden(),
            activations.inverse());
  }

  /** {@code y = norm(stream)·wᵀ + b}, and what adapters add. */
  private void project(int rows, DeviceArray stream, CudaParameter norm, Output... outputs) {
    int width = config.hiddenSize();
    List<Projection> whole = new ArrayList<>();
    List<Projection> low = new ArrayList<>();
    for (Output each : outputs) {
      CudaMatrix w = each.matrix;
      DeviceArray bias = each.bias == null ? null : each.bias.values();
      whole.add(new Projection(w.out(), w.operand(), bias, each.y));
      if (w.low() != null) {
        DeviceArray a = w.low().a().operand();
        low.add(new Projection(w.low().rank(), a, null, lows[low.size()]));
      }
    }
    kernels.step().project(rows, width, stream, norm(norm), whole);
    if (low.isEmpty()) {
      return;
    }
    kernels.step().project(rows, width, stream, norm(norm), low);
    int next = 0;
    for (Output each : outputs) {
      if (each.matrix.low() != null) {
        addLow(rows, each.matrix, lows[next++], 1, each.y);
      }
    }
  }

  /** {@code y += scale·s·u·Bᵀ} of an adapter. */
  private void addLow(int rows, CudaMatrix w, DeviceArray u, float scale, DeviceArray y) {
    float s = scale * w.low().scale();
    kernels.products().rows(rows, w.out(), w.low().rank(), u, w.up(), y, s, true);
  }

  private void gated(int rows, CudaWeights.Layer own, Activations.Inner inner, DeviceArray stream) {
    Activation f = config.design().activation();
    int ffn = config.ffnSize();
    CudaMatrix gate = own.gate();
    CudaMatrix up = own.up();
    if (gate.low() == null && up.low() == null) {
      Norm norm = norm(own.ffnNorm());
      int width = config.hiddenSize();
      StepKernels step = kernels.step();
      step.gated(f, rows, ffn, width, stream, norm, gate.operand(), up.operand(), activated);
      return;
    }
    project(
        rows,
        stream,
        own.ffnNorm(),
        new Output(gate, null, inner.gate),
        new Output(up, null, inner.up));
    kernels.rows().activate(f, (long) rows * ffn, inner.gate, inner.up, activated);
  }

  /** {@code stream += scale·x·wᵀ}, and what an adapter adds. */
  private void join(int rows, CudaMatrix w, DeviceArray x, DeviceArray stream) {
    float scale = (float) config.design().scales().residual();
    Products products = kernels.products();
    products.rows(rows, w.out(), w.in(), x, w.operand(), stream, scale, true);
    if (w.low() != null) {
      products.rows(rows, w.low().rank(), w.in(), x, w.low().a().operand(), lows[0], false);
      addLow(rows, w, lows[0], scale, stream);
    }
  }

  private Norm norm(CudaParameter weight) {
    return weight == null ? null : new Norm(weight.values(), plus(), (float) config.normEps());
  }

  private float plus() {
    return config.architecture().normsAddOne() ? 1 : 0;
  }

  @Override
  public void close() {
    device.free(activated);
    for (DeviceArray low : lows) {
      device.free(low);
    }
  }
}
