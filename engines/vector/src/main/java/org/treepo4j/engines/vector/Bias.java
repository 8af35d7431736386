package org.treepo4j.engines.vector;

/** A vector added to every row. */
final class Bias {
  private static final int ROWS_PER_TASK = 64;
  private static final int COLUMNS_PER_TASK = 64;

  private final WorkerPool pool;

  Bias(WorkerPool pool) {
    this.pool = pool;
  }

  /** {@code y[row] += bias}. */
  void forward(int rows, int width, float[] bias, float[] y) {
    pool.eachRow(rows, ROWS_PER_TASK, row -> RowMath.add(bias, 0, y, row * width, width));
  }

  /** {@code dBias += Σ_rows dy[row]}. */
  void backward(int rows, int width, float[] dy, float[] dBias) {
    pool.run(
        (width + COLUMNS_PER_TASK - 1) / COLUMNS_PER_TASK,
        (task, worker) -> {
          int from = task * COLUMNS_PER_TASK;
          int columns = Math.min(COLUMNS_PER_TASK, width - from);
          for (int row = 0; row < rows; row++) {
            RowMath.add(dy, row * width + from, dBias, from, columns);
          }
        });
  }
}
