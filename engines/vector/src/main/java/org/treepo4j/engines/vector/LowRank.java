package org.treepo4j.engines.vector;

import org.treepo4j.model.LoraAdapter;

/**
 * The low-rank part of projections with an adapter, {@code y += s·(x·Aᵀ)·Bᵀ}, and its gradients.
 * With {@code u = s·x·Aᵀ} and {@code g = s·dy·B}, both {@code [rows × rank]}: {@code dx += g·A},
 * {@code dA += gᵀ·x}, {@code dB += dyᵀ·u}. The gradient of the whole matrix is never made.
 */
final class LowRank {
  private final Gemm gemm;

  /** {@code [rows × slimWidth(rank)]}. */
  private float[] u = new float[0];

  private float[] g = new float[0];

  /** Gradient of B before it is transposed, {@code [rank × out]}. */
  private float[] dUp = new float[0];

  LowRank(Gemm gemm) {
    this.gemm = gemm;
  }

  /**
   * What is to be added to {@code y = x·Wᵀ}; good until the next call.
   *
   * @param x {@code [rows × in]}
   */
  Gemm.Tail forward(int rows, Projection weight, float[] x) {
    return new Gemm.Tail(weight.adapter().rank(), down(rows, weight, x), up(weight));
  }

  /**
   * What is to be added to {@code dx = dy·W}; good until the next call.
   *
   * @param dy {@code [rows × out]}
   */
  Gemm.Tail inputGradient(int rows, Projection weight, float[] dy) {
    LoraAdapter adapter = weight.adapter();
    int rank = adapter.rank();
    int in = weight.in();
    int out = weight.out();
    int width = Gemm.slimWidth(rank);
    g = FloatArrays.atLeast(g, rows * width);
    gemm.slim(rows, rank, out, Matrix.of(dy, out), up(weight), false, g);
    RowMath.scale(g, 0, adapter.scale(), g, 0, rows * width);
    return new Gemm.Tail(rank, Matrix.of(g, width), Matrix.of(adapter.a().values(), in));
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
    dUp = FloatArrays.atLeast(dUp, rank * out);
    Matrix u = down(rows, weight, x);
    gemm.tn(rank, out, rows, u, Matrix.of(dy, out), Matrix.of(dUp, out), false);
    float[] gradient = adapter.b().gradient();
    for (int o = 0; o < out; o++) {
      for (int r = 0; r < rank; r++) {
        gradient[(weight.first() + o) * rank + r] += dUp[r * out + o];
      }
    }
    Matrix g = Matrix.of(this.g, Gemm.slimWidth(rank));
    Matrix dDown = Matrix.of(adapter.a().gradient(), in);
    gemm.tn(rank, in, rows, g, Matrix.of(x, in), dDown, true);
  }

  /** {@code u}, good until the next call. */
  private Matrix down(int rows, Projection weight, float[] x) {
    LoraAdapter adapter = weight.adapter();
    int rank = adapter.rank();
    int in = weight.in();
    int width = Gemm.slimWidth(rank);
    u = FloatArrays.atLeast(u, rows * width);
    Matrix a = Matrix.of(adapter.a().values(), in);
    gemm.slim(rows, rank, in, Matrix.of(x, in), a, true, u);
    RowMath.scale(u, 0, adapter.scale(), u, 0, rows * width);
    return Matrix.of(u, width);
  }

  /** Rows of B that are the projection's, {@code [out × rank]}. */
  private static Matrix up(Projection weight) {
    LoraAdapter adapter = weight.adapter();
    return Matrix.of(adapter.b().values(), adapter.rank()).from(weight.first());
  }
}
