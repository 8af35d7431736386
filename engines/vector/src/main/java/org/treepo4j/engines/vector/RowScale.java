package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.Design.QueryGrowth;

/** Whole rows times a factor; the backward pass of each is itself, on the gradient. */
final class RowScale {
  private static final int ROWS_PER_TASK = 64;

  private final WorkerPool pool;

  RowScale(WorkerPool pool) {
    this.pool = pool;
  }

  /** {@code x[row] ← growth(positions[row])·x[row]}, {@code [rows × width]}. */
  void grow(int rows, int width, QueryGrowth growth, int[] positions, float[] x) {
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> scale(x, row * width, width, (float) growth.at(positions[row])));
  }

  /** {@code y = factor·x}, {@code [rows × width]}. */
  void scale(int rows, int width, float factor, float[] x, float[] y) {
    pool.eachRow(
        rows, ROWS_PER_TASK, row -> RowMath.scale(x, row * width, factor, y, row * width, width));
  }

  /** {@code y += factor·x}, {@code [rows × width]}; overwrites {@code x}. */
  void add(int rows, int width, float factor, float[] x, float[] y) {
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> {
          if (factor != 1) {
            scale(x, row * width, width, factor);
          }
          RowMath.add(x, row * width, y, row * width, width);
        });
  }

  private static void scale(float[] x, int at, int width, float factor) {
    RowMath.scale(x, at, factor, x, at, width);
  }
}
