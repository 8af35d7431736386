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
  void forward(int rows, Parameter weight, Parameter bias, float[] x, float[] y, boolean add) {
    int in = in(weight);
    int out = out(weight);
    gemm.nt(
        rows, out, in, Matrix.of(x, in), Matrix.of(weight.values(), in), Matrix.of(y, out), add);
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
      int rows, Parameter weight, Parameter bias, float[] x, float[] dy, float[] dx, boolean add) {
    inputGradient(rows, weight, dy, dx, add);
    weightGradient(rows, weight, bias, x, dy);
  }

  /** {@code dx (+)= dy·W}. */
  void inputGradient(int rows, Parameter weight, float[] dy, float[] dx, boolean add) {
    int in = in(weight);
    int out = out(weight);
    gemm.nn(
        rows, in, out, Matrix.of(dy, out), Matrix.of(weight.values(), in), Matrix.of(dx, in), add);
  }

  /** {@code dW += dyᵀ·x} and {@code db += Σ dy}, where trainable. */
  void weightGradient(int rows, Parameter weight, Parameter bias, float[] x, float[] dy) {
    int in = in(weight);
    int out = out(weight);
    if (weight.trainable()) {
      gemm.tn(
          out,
          in,
          rows,
          Matrix.of(dy, out),
          Matrix.of(x, in),
          Matrix.of(weight.gradient(), in),
          true);
    }
    if (bias != null && bias.trainable()) {
      biases.backward(rows, out, dy, bias.gradient());
    }
  }

  private static int out(Parameter weight) {
    return weight.shape()[0];
  }

  private static int in(Parameter weight) {
    return weight.shape()[1];
  }
}
