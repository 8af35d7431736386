package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import org.treepo4j.engines.cuda.DeviceArray.Type;

/**
 * The output matrix, {@code [vocabulary × hidden]}. One with an adapter is computed merged, for its
 * gradient comes in slices.
 */
final class CudaHead implements AutoCloseable {
  private final Device device;
  private final Kernels kernels;
  private final CudaMatrix matrix;
  private final Type type;
  private DeviceArray wide;
  private DeviceArray merged;
  private DeviceArray gradient;
  private boolean old = true;

  /**
   * @param type of what products read
   */
  CudaHead(Device device, Kernels kernels, CudaMatrix matrix, Type type) {
    this.device = device;
    this.kernels = kernels;
    this.matrix = matrix;
    this.type = type;
  }

  /** The matrix as products read it. */
  DeviceArray operand() {
    if (matrix.low() == null) {
      return matrix.operand();
    }
    if (old) {
      merge();
      old = false;
    }
    return merged;
  }

  private void merge() {
    long n = (long) matrix.out() * matrix.in();
    CudaMatrix.LowRank low = matrix.low();
    wide = device.atLeast(wide, F32, n);
    kernels.rows().convert(n, low.base(), wide);
    kernels
        .training()
        .nn(
            matrix.out(),
            matrix.in(),
            low.rank(),
            low.b().values(),
            low.a().values(),
            wide,
            low.scale(),
            true);
    if (type == BF16) {
      merged = device.atLeast(merged, BF16, n);
      kernels.rows().convert(n, wide, merged);
    } else {
      merged = wide;
    }
  }

  /** The adapter has changed. */
  void changed() {
    old = true;
  }

  /** Where a backward pass adds its gradient; null when it is not wanted. */
  DeviceArray gradient() {
    if (matrix.low() == null) {
      return matrix.trainable() ? matrix.gradient() : null;
    }
    gradient = device.atLeast(gradient, F32, (long) matrix.out() * matrix.in());
    device.clear(gradient);
    return gradient;
  }

  /** Brings the gradient of a backward pass to where it is wanted. */
  void collect() {
    CudaMatrix.LowRank low = matrix.low();
    if (low == null) {
      return;
    }
    int out = matrix.out();
    int in = matrix.in();
    int rank = low.rank();
    Products products = kernels.training();
    products.nt(out, rank, in, gradient, low.a().values(), low.b().gradient(), low.scale(), true);
    products.tn(rank, in, out, low.b().values(), gradient, low.a().gradient(), low.scale(), true);
  }

  @Override
  public void close() {
    device.free(wide);
    if (merged != wide) {
      device.free(merged);
    }
    device.free(gradient);
  }
}
