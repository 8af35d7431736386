package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;

import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.StepKernels.Cached;
import org.treepo4j.engines.cuda.StepKernels.Norm;
import org.treepo4j.engines.cuda.StepKernels.Projection;

/**
 * The forward pass of a decoder's step in bf16: what {@link CudaForward} computes, in six launches
 * a block where that takes twenty. Numbers between fused parts are float32 here and bf16 there.
 */
final class StepForward implements AutoCloseable {
  private final Device device;
  private final CudaWeights weights;
  private final ModelConfig config;
  private final Kernels kernels;
  private final CudaRotary rotary;
  private final AttentionShape shape;
  private DeviceArray activated;

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
  }

  /** Whether it computes this model: norms before layers or of single heads, no adapters. */
  static boolean runs(CudaWeights weights, ModelConfig config, DeviceArray.Type type) {
    return type == BF16
        && config.architecture().norms() == Norms.BEFORE
        && !(config.outputBias() && config.design().scales().residual() != 1)
        && weights.layers().stream().allMatch(layer -> runs(layer, config.headDim()));
  }

  private static boolean runs(CudaWeights.Layer layer, int dim) {
    return (layer.queryNorm() == null || layer.queryNorm().size() == dim)
        && layer.query().low() == null
        && layer.key().low() == null
        && layer.value().low() == null
        && layer.output().low() == null
        && layer.gate().low() == null
        && layer.up().low() == null
        && layer.down().low() == null;
  }

  /** Reserves scratch memory. */
  void reserve(int rows) {
    activated = device.atLeast(activated, BF16, (long) rows * config.ffnSize());
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
      kernels
          .step()
          .project(
              rows,
              width,
              stream,
              norm(own.attentionNorm()),
              projection(own.query(), own.queryBias(), inner.q),
              projection(own.key(), own.keyBias(), inner.k),
              projection(own.value(), own.valueBias(), inner.v));
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
      kernels
          .step()
          .gated(
              config.design().activation(),
              rows,
              config.ffnSize(),
              width,
              stream,
              norm(own.ffnNorm()),
              own.gate().operand(),
              own.up().operand(),
              activated);
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

  /** {@code stream += scale·x·wᵀ}. */
  private void join(int rows, CudaMatrix w, DeviceArray x, DeviceArray stream) {
    float scale = (float) config.design().scales().residual();
    kernels.products().rows(rows, w.out(), w.in(), x, w.operand(), stream, scale, true);
  }

  private Norm norm(CudaParameter weight) {
    return weight == null ? null : new Norm(weight.values(), plus(), (float) config.normEps());
  }

  private float plus() {
    return config.architecture().normsAddOne() ? 1 : 0;
  }

  private static Projection projection(CudaMatrix w, CudaParameter bias, DeviceArray y) {
    return new Projection(w.out(), w.operand(), bias == null ? null : bias.values(), y);
  }

  @Override
  public void close() {
    device.free(activated);
  }
}
