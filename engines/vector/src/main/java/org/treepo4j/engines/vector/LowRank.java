package org.treepo4j.engines.vector;

import org.treepo4j.model.LoraAdapter;

/**
 * The low-rank part of projections with an adapter, {@code y += s·(x·Aᵀ)·Bᵀ}, and its gradients.
 * With {@code u = s·A·xᵀ} and {@code g = s·Bᵀ·dyᵀ}, both {@code [rank × rows]}: {@code dx += gᵀ·A},
 * {@code dA += g·x}, {@code dB += (u·dy)ᵀ}. The gradient of the whole matrix is never made.
 */
final class LowRank {
  private final Gemm gemm;
  private float[] u = new float[0];
  private float[] g = new float[0];

  /** Gradient of B before it is transposed, {@code [rank × out]}. */
  private float[] dUp = new float[0];

  LowRank(Gemm gemm) {
    this.gemm = gemm;
  }

  /**
   * Adds to {@code y}.
   *
   * @param x {@code [rows × in]}
   * @param y {@code [rows × out]}
   */
  void forward(int rows, Projection weight, float[] x, float[] y) {
    int out = weight.out();
    down(rows, weight, x);
    gemm.tt(
        rows,
        out,
        weight.adapter().rank(),
        Matrix.of(u, rows),
        up(weight),
        Matrix.of(y, out),
        true);
  }

  /**
   * Adds to {@code dx}.
   *
   * @param dy {@code [rows × out]}
   * @param dx {@code [rows × in]}
   */
  void inputGradient(int rows, Projection weight, float[] dy, float[] dx) {
    LoraAdapter adapter = weight.adapter();
    int rank = adapter.rank();
    int in = weight.in();
    int out = weight.out();
    g = FloatArrays.atLeast(g, rank * rows);
    gemm.tt(rank, rows, out, up(weight), Matrix.of(dy, out), Matrix.of(g, rows), false);
    RowMath.scale(g, 0, adapter.scale(), g, 0, rank * rows);
    gemm.tn(
        rows,
        in,
        rank,
        Matrix.of(g, rows),
        Matrix.of(adapter.a().values(), in),
        Matrix.of(dx, in),
        true);
  }

  /**
   * Adds to the gradients of A and B. Follows {@link #inputGradient} of the same projection and
   * {@code dy}, whose {@code g} it uses.
   */
  void weightGradient(int rows, Projection weight, float[] x, float[] dy) {
    LoraAdapter adapter = weight.adapter();
    int rank = adapter.rank();
    int in = weight.in();
    int out = weight.out();
    down(rows, weight, x);
    dUp = FloatArrays.atLeast(dUp, rank * out);
    gemm.nn(rank, out, rows, Matrix.of(u, rows), Matrix.of(dy, out), Matrix.of(dUp, out), false);
    float[] gradient = adapter.b().gradient();
    for (int o = 0; o < out; o++) {
      for (int r = 0; r < rank; r++) {
        gradient[(weight.first() + o) * rank + r] += dUp[r * out + o];
      }
    }
    gemm.nn(
        rank,
        in,
        rows,
        Matrix.of(g, rows),
        Matrix.of(x, in),
        Matrix.of(adapter.a().gradient(), in),
        true);
  }

  private void down(int rows, Projection weight, float[] x) {
    LoraAdapter adapter = weight.adapter();
    int rank = adapter.rank();
    int in = weight.in();
    u = FloatArrays.atLeast(u, rank * rows);
    gemm.nt(
        rank,
        rows,
        in,
        Matrix.of(adapter.a().values(), in),
        Matrix.of(x, in),
        Matrix.of(u, rows),
        false);
    RowMath.scale(u, 0, adapter.scale(), u, 0, rank * rows);
  }

  /** Rows of B that are the projection's, {@code [out × rank]}. */
  private static Matrix up(Projection weight) {
    LoraAdapter adapter = weight.adapter();
    return Matrix.of(adapter.b().values(), adapter.rank()).from(weight.first());
  }
}
