package org.treepo4j.engines.vector;

/**
 * Heads scaled to one length: {@code y = factor·x·inv} with {@code inv = 1/√(Σx² + 10⁻⁶)}, in
 * place, for the heads of one width that begin at {@code at} of each row.
 */
final class UnitHeads {
  private static final float EPSILON = 1e-6f;
  private static final int ROWS_PER_TASK = 32;

  private final WorkerPool pool;
  private final int stride;
  private final int heads;
  private final int width;

  UnitHeads(WorkerPool pool, int stride, int heads, int width) {
    this.pool = pool;
    this.stride = stride;
    this.heads = heads;
    this.width = width;
  }

  /**
   * @param x {@code [rows × stride]}
   * @param inverse receives {@code inv}, {@code [rows × heads]}
   */
  void forward(int rows, int at, float factor, float[] x, float[] inverse) {
    pool.eachRow(rows, ROWS_PER_TASK, row -> row(at, factor, x, row, inverse));
  }

  /** One row, on the calling thread. */
  void row(int at, float factor, float[] x, int row, float[] inverse) {
    for (int head = 0; head < heads; head++) {
      int from = row * stride + at + head * width;
      float square = RowMath.dot(x, from, x, from, width);
      float inv = (float) (1 / Math.sqrt(square + EPSILON));
      inverse[row * heads + head] = inv;
      RowMath.scale(x, from, factor * inv, x, from, width);
    }
  }

  /**
   * {@code dx = inv·(factor·dy − y·(y·dy)/factor)}, in place of {@code dy}.
   *
   * @param y what {@link #forward} made
   * @param d gradient of {@code y}, then of {@code x}
   */
  void backward(int rows, int at, float factor, float[] y, float[] inverse, float[] d) {
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> {
          for (int head = 0; head < heads; head++) {
            int from = row * stride + at + head * width;
            float inv = inverse[row * heads + head];
            float pull = RowMath.dot(y, from, d, from, width) / factor * inv;
            for (int i = from; i < from + width; i++) {
              d[i] = factor * inv * d[i] - pull * y[i];
            }
          }
        });
  }
}
