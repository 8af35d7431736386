package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * Root-mean-square normalisation (Zhang and Sennrich 2019): {@code y = x · inv · w} with {@code inv
 * = 1/√(mean(x²) + eps)}, for each row.
 */
final class RmsNorm {
  private static final int ROWS_PER_TASK = 32;
  private static final int COLUMNS_PER_TASK = 64;

  private final WorkerPool pool;
  private final float eps;

  RmsNorm(WorkerPool pool, double eps) {
    this.pool = pool;
    this.eps = (float) eps;
  }

  /**
   * @param x {@code [rows × width]}
   * @param w {@code [width]}
   * @param y receives the result; may be {@code x}
   * @param inverse receives {@code inv}, {@code [rows]}
   */
  void forward(int rows, int width, float[] x, float[] w, float[] y, float[] inverse) {
    pool.eachRow(
        rows, ROWS_PER_TASK, row -> inverse[row] = row(width, x, row * width, w, y, row * width));
  }

  /** One row, on the calling thread; returns {@code inv}. */
  float row(int width, float[] x, int at, float[] w, float[] y, int to) {
    float square = RowMath.dot(x, at, x, at, width);
    float inv = (float) (1 / Math.sqrt(square / width + eps));
    scale(width, x, at, w, inv, y, to);
    return inv;
  }

  /** The normalised rows once more, from the {@code inverse} that {@link #forward} left. */
  void again(int rows, int width, float[] x, float[] w, float[] inverse, float[] y) {
    pool.eachRow(
        rows, ROWS_PER_TASK, row -> scale(width, x, row * width, w, inverse[row], y, row * width));
  }

  /**
   * {@code dx (+)= inv·(dy∘w) − x·inv³/width·Σ(dy∘w∘x)} and {@code dw += Σ_rows dy∘x·inv}.
   *
   * @param dw receives the weight gradient, or null when it is not wanted
   * @param dx receives the input gradient; may be {@code dy} unless {@code add}
   */
  void backward(
      int rows,
      int width,
      float[] x,
      float[] w,
      float[] inverse,
      float[] dy,
      float[] dw,
      float[] dx,
      boolean add) {
    if (dw != null) {
      pool.run(
          (width + COLUMNS_PER_TASK - 1) / COLUMNS_PER_TASK,
          (task, worker) -> {
            int from = task * COLUMNS_PER_TASK;
            int to = Math.min(width, from + COLUMNS_PER_TASK);
            for (int row = 0; row < rows; row++) {
              weightGradient(row * width, from, to, inverse[row], x, dy, dw);
            }
          });
    }
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> inputGradient(width, x, row * width, w, inverse[row], dy, dx, add));
  }

  private static void scale(int n, float[] x, int at, float[] w, float inv, float[] y, int to) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector.fromArray(SPECIES, x, at + i)
          .mul(inv)
          .mul(FloatVector.fromArray(SPECIES, w, i))
          .intoArray(y, to + i);
    }
    for (; i < n; i++) {
      y[to + i] = x[at + i] * inv * w[i];
    }
  }

  private static void weightGradient(
      int at, int from, int to, float inv, float[] x, float[] dy, float[] dw) {
    int i = from;
    for (; i <= to - LANES; i += LANES) {
      FloatVector.fromArray(SPECIES, x, at + i)
          .mul(FloatVector.fromArray(SPECIES, dy, at + i))
          .mul(inv)
          .add(FloatVector.fromArray(SPECIES, dw, i))
          .intoArray(dw, i);
    }
    for (; i < to; i++) {
      dw[i] += x[at + i] * dy[at + i] * inv;
    }
  }

  private static void inputGradient(
      int n, float[] x, int at, float[] w, float inv, float[] dy, float[] dx, boolean add) {
    FloatVector sums = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      sums =
          FloatVector.fromArray(SPECIES, dy, at + i)
              .mul(FloatVector.fromArray(SPECIES, w, i))
              .fma(FloatVector.fromArray(SPECIES, x, at + i), sums);
    }
    float sum = RowMath.sum(sums);
    for (; i < n; i++) {
      sum += dy[at + i] * w[i] * x[at + i];
    }
    float pull = sum * inv * inv * inv / n;
    i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector value =
          FloatVector.fromArray(SPECIES, dy, at + i)
              .mul(FloatVector.fromArray(SPECIES, w, i))
              .mul(inv)
              .sub(FloatVector.fromArray(SPECIES, x, at + i).mul(pull));
      if (add) {
        value = value.add(FloatVector.fromArray(SPECIES, dx, at + i));
      }
      value.intoArray(dx, at + i);
    }
    for (; i < n; i++) {
      float value = dy[at + i] * w[i] * inv - x[at + i] * pull;
      dx[at + i] = add ? dx[at + i] + value : value;
    }
  }
}
