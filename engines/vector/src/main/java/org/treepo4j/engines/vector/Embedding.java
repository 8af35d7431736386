package org.treepo4j.engines.vector;

/** Rows of the embedding matrix, and the scatter of their gradients. */
final class Embedding {
  private static final int ROWS_PER_TASK = 64;
  private static final int COLUMNS_PER_TASK = 64;

  private final WorkerPool pool;

  Embedding(WorkerPool pool) {
    this.pool = pool;
  }

  /** {@code y[row] = table[tokens[row]]}, {@code [rows × width]}. */
  void forward(int rows, int width, int[] tokens, float[] table, float[] y) {
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> System.arraycopy(table, tokens[row] * width, y, row * width, width));
  }

  /**
   * {@code dTable[tokens[row]] += dy[row]}. Work is split by columns, since a token may occur
   * often.
   */
  void backward(int rows, int width, int[] tokens, float[] dy, float[] dTable) {
    pool.run(
        (width + COLUMNS_PER_TASK - 1) / COLUMNS_PER_TASK,
        (task, worker) -> {
          int from = task * COLUMNS_PER_TASK;
          int columns = Math.min(COLUMNS_PER_TASK, width - from);
          for (int row = 0; row < rows; row++) {
            RowMath.add(dy, row * width + from, dTable, tokens[row] * width + from, columns);
          }
        });
  }
}
