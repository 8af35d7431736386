package org.treepo4j.engines.cuda;

import org.treepo4j.engines.cuda.DeviceArray.Type;

/**
 * {@code y = x·Wᵀ + b} with W as Hugging Face stores it, {@code [out × in]}, and {@code y +=
 * s·(x·Aᵀ)·Bᵀ} where it has an adapter.
 */
final class CudaLinear implements AutoCloseable {
  private final Device device;
  private final Products products;
  private final Products training;
  private final RowKernels rowKernels;
  private final Type type;

  /** {@code x·Aᵀ} and {@code s·dy·B}, {@code [rows × rank]}. */
  private DeviceArray u;

  private DeviceArray g;

  private Rows kind = Rows.OF_TREES;

  /** What rows are, which decides how products are computed. */
  enum Rows {
    /** Trees to be trained on or scored. */
    OF_TREES,
    /** Prompts of a decoder. The bits of a row do not depend on how many there are. */
    OF_PROMPTS,
    /** The last tokens of a decoder's paths: the same, and bound by reading weights. */
    OF_STEP
  }

  /**
   * @param type of activations
   */
  CudaLinear(Device device, Kernels kernels, Type type) {
    this.device = device;
    this.products = kernels.products();
    this.training = kernels.training();
    this.rowKernels = kernels.rows();
    this.type = type;
  }

  /** Says what the rows are that follow. */
  void rows(Rows kind) {
    this.kind = kind;
  }

  /**
   * @param bias {@code [out]} or null
   * @param x {@code [rows × in]}
   * @param y {@code [rows × out]}
   * @param add whether the result is added to {@code y}
   */
  void forward(
      int rows, CudaMatrix weight, CudaParameter bias, DeviceArray x, DeviceArray y, boolean add) {
    int in = weight.in();
    int out = weight.out();
    product(rows, out, in, x, weight.operand(), y, 1, add);
    if (weight.low() != null) {
      int rank = weight.low().rank();
      down(rows, weight, x);
      product(rows, out, rank, u, weight.up(), y, weight.low().scale(), true);
    }
    if (bias != null) {
      rowKernels.addBias(rows, out, bias.values(), y);
    }
  }

  private void product(
      int rows,
      int out,
      int in,
      DeviceArray x,
      DeviceArray w,
      DeviceArray y,
      float a,
      boolean add) {
    switch (kind) {
      case OF_TREES -> training.nt(rows, out, in, x, w, y, a, add);
      case OF_PROMPTS -> products.nt(rows, out, in, x, w, y, a, add);
      case OF_STEP -> products.rows(rows, out, in, x, w, y, a, add);
    }
  }

  private void down(int rows, CudaMatrix weight, DeviceArray x) {
    int rank = weight.low().rank();
    u = device.atLeast(u, type, (long) rows * rank);
    product(rows, rank, weight.in(), x, weight.low().a().operand(), u, 1, false);
  }

  /** {@code dx (+)= dy·W}; {@code dy} is of the type of activations. */
  void inputGradient(int rows, CudaMatrix weight, DeviceArray dy, DeviceArray dx, boolean add) {
    int in = weight.in();
    int out = weight.out();
    training.nn(rows, in, out, dy, weight.operand(), dx, add);
    if (weight.low() != null) {
      int rank = weight.low().rank();
      g = device.atLeast(g, type, (long) rows * rank);
      training.nn(rows, rank, out, dy, weight.up(), g, weight.low().scale(), false);
      training.nn(rows, in, rank, g, weight.low().a().operand(), dx, true);
    }
  }

  /**
   * {@code dW += dyᵀ·x} or the adapter's gradients, and {@code db += Σ dy}, where trainable.
   * Follows {@link #inputGradient} of the same matrix and {@code dy}.
   */
  void weightGradient(
      int rows, CudaMatrix weight, CudaParameter bias, DeviceArray x, DeviceArray dy) {
    int in = weight.in();
    int out = weight.out();
    if (weight.low() != null) {
      int rank = weight.low().rank();
      down(rows, weight, x);
      training.tn(out, rank, rows, dy, u, weight.upGradient(), weight.low().scale(), true);
      training.tn(rank, in, rows, g, x, weight.low().a().gradient(), true);
    } else if (weight.trainable()) {
      training.tn(out, in, rows, dy, x, weight.gradient(), true);
    }
    if (bias != null && bias.trainable()) {
      rowKernels.biasBackward(rows, out, dy, bias.gradient());
    }
  }

  @Override
  public void close() {
    device.free(u);
    device.free(g);
  }
}
