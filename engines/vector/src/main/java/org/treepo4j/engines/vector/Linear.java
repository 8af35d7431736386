package org.treepo4j.engines.vector;

import org.treepo4j.model.Parameter;

/** {@code y = x·Wᵀ + b} with W as Hugging Face stores it, {@code [out × in]}. */
final class Linear {
  private final Gemm gemm;
  private final Bias biases;

  Linear(Gemm gemm, Bias biases) {
    this.gemm = gemm;
    this.biases = biases;
  }

  /**
   * @param bias {@code [out]} or null
   * @param x {@code [rows × in]}
   * @param y {@code [rows × out]}
   * @param add whether the result is added to {@code y}
   */
  void forward(int rows, Projection weight, Parameter bias, float[] x, float[] y, boolean add) {
    int in = weight.in();
    int out = weight.out();
    gemm.nt(rows, out, in, Matrix.of(x, in), weight.values(), Matrix.of(y, out), add);
    if (bias != null) {
      biases.forward(rows, out, bias.values(), y);
    }
  }

  /**
   * {@code dx (+)= dy·W}, {@code dW += dyᵀ·x}, {@code db += Σ dy}; the last two where trainable.
   *
   * @param add whether the input's gradient is added to {@code dx}
   */
  void backward(
      int rows, Projection weight, Parameter bias, float[] x, float[] dy, float[] dx, boolean add) {
    inputGradient(rows, weight, dy, dx, add);
    weightGradient(rows, weight, bias, x, dy);
  }

  /** {@code dx (+)= dy·W}. */
  void inputGradient(int rows, Projection weight, float[] dy, float[] dx, boolean add) {
    int in = weight.in();
    int out = weight.out();
    gemm.nn(rows, in, out, Matrix.of(dy, out), weight.values(), Matrix.of(dx, in), add);
  }

  /** {@code dW += dyᵀ·x} and {@code db += Σ dy}, where trainable. */
  void weightGradient(int rows, Projection weight, Parameter bias, float[] x, float[] dy) {
    int in = weight.in();
    int out = weight.out();
    if (weight.trainable()) {
      gemm.tn(out, in, rows, Matrix.of(dy, out), Matrix.of(x, in), weight.gradient(), true);
    }
    if (bias != null && bias.trainable()) {
      biases.backward(rows, out, dy, bias.gradient());
    }
  }
}
