package org.treepo4j.engines.vector;

import org.treepo4j.model.FrozenBase;
import org.treepo4j.model.Parameter;

/**
 * {@code y = x·Wᵀ + b} with W as Hugging Face stores it, {@code [out × in]}. A matrix with an
 * adapter is frozen; the adapter's products are those of {@link LowRank}.
 */
final class Linear {
  private static final int ROWS_PER_TASK = 32;

  private final WorkerPool pool;
  private final Gemm gemm;
  private final Bias biases;
  private final LowRank lowRank;

  /** A frozen matrix that is kept in bf16, while it is computed with. */
  private float[] widened = new float[0];

  Linear(WorkerPool pool, Gemm gemm) {
    this.pool = pool;
    this.gemm = gemm;
    this.biases = new Bias(pool);
    this.lowRank = new LowRank(gemm);
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
    Gemm.Tail adapter =
        weight.adapter() == null ? Gemm.Tail.NONE : lowRank.forward(rows, weight, x);
    gemm.nt(rows, out, in, Matrix.of(x, in), matrix(weight), adapter, Matrix.of(y, out), add);
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
    Gemm.Tail adapter =
        weight.adapter() == null ? Gemm.Tail.NONE : lowRank.inputGradient(rows, weight, dy);
    gemm.nn(rows, in, out, Matrix.of(dy, out), matrix(weight), adapter, Matrix.of(dx, in), add);
  }

  /**
   * {@code dW += dyᵀ·x} or the adapter's gradients, and {@code db += Σ dy}, where trainable.
   * Follows {@link #inputGradient} of the same projection.
   */
  void weightGradient(int rows, Projection weight, Parameter bias, float[] x, float[] dy) {
    int in = weight.in();
    int out = weight.out();
    if (weight.adapter() != null) {
      lowRank.weightGradient(rows, weight, x, dy);
    } else if (weight.trainable()) {
      gemm.tn(out, in, rows, Matrix.of(dy, out), Matrix.of(x, in), weight.gradient(), true);
    }
    if (bias != null && bias.trainable()) {
      biases.backward(rows, out, dy, bias.gradient());
    }
  }

  /** The matrix itself, or the frozen one below an adapter; good until the next call. */
  private Matrix matrix(Projection weight) {
    int in = weight.in();
    if (weight.adapter() == null) {
      return Matrix.of(weight.parameter().values(), in).from(weight.first());
    }
    FrozenBase base = weight.adapter().base();
    if (base instanceof FrozenBase.Float32 plain) {
      return Matrix.of(plain.values(), in).from(weight.first());
    }
    int out = weight.out();
    widened = FloatArrays.atLeast(widened, out * in);
    pool.run(
        (out + ROWS_PER_TASK - 1) / ROWS_PER_TASK,
        (task, worker) -> {
          int row = task * ROWS_PER_TASK;
          int count = Math.min(ROWS_PER_TASK, out - row) * in;
          base.copyTo((weight.first() + row) * in, widened, row * in, count);
        });
    return Matrix.of(widened, in);
  }
}
