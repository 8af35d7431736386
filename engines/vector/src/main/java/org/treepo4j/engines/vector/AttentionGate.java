package org.treepo4j.engines.vector;

/**
 * The gate of attention's output, {@code y = x·sigmoid(gate)}, which comes out of the query
 * projection: beside each query head stands the gate of its output, {@code [heads × (query,
 * gate)·dim]} in a row.
 */
final class AttentionGate {
  private static final int ROWS_PER_TASK = 16;

  private final WorkerPool pool;
  private final int heads;
  private final int dim;

  AttentionGate(WorkerPool pool, int heads, int dim) {
    this.pool = pool;
    this.heads = heads;
    this.dim = dim;
  }

  /** {@code both [rows × 2·heads·dim]} into queries and gates, {@code [rows × heads·dim]} each. */
  void split(int rows, float[] both, float[] queries, float[] gates) {
    int width = heads * dim;
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> split(both, 2 * row * width, queries, row * width, gates, row * width));
  }

  /** One row, on the calling thread; queries may lie where both did. */
  void split(float[] both, int from, float[] queries, int queryAt, float[] gates, int gateAt) {
    for (int head = 0; head < heads; head++) {
      System.arraycopy(both, from + (2 * head + 1) * dim, gates, gateAt + head * dim, dim);
      System.arraycopy(both, from + 2 * head * dim, queries, queryAt + head * dim, dim);
    }
  }

  /** The counterpart of {@link #split}, for gradients. */
  void merge(int rows, float[] queries, float[] gates, float[] both) {
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> {
          int from = row * heads * dim;
          for (int head = 0; head < heads; head++) {
            int to = 2 * (from + head * dim);
            System.arraycopy(queries, from + head * dim, both, to, dim);
            System.arraycopy(gates, from + head * dim, both, to + dim, dim);
          }
        });
  }

  /** {@code y = x·sigmoid(gate)}, {@code [rows × heads·dim]} each. */
  void forward(int rows, float[] x, float[] gates, float[] y) {
    int width = heads * dim;
    pool.eachRow(
        rows, ROWS_PER_TASK, row -> row(x, row * width, gates, row * width, y, row * width));
  }

  /** One row, on the calling thread. */
  void row(float[] x, int at, float[] gates, int gateAt, float[] y, int to) {
    for (int i = 0; i < heads * dim; i++) {
      y[to + i] = x[at + i] / (1f + FastExp.exp(-gates[gateAt + i]));
    }
  }

  /**
   * @param d gradient of {@code y}, then of {@code x}
   * @param gates then their gradient
   * @param y receives the result once more
   */
  void backward(int rows, float[] x, float[] gates, float[] d, float[] y) {
    int width = heads * dim;
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> {
          for (int i = row * width; i < (row + 1) * width; i++) {
            float sigmoid = 1f / (1f + FastExp.exp(-gates[i]));
            y[i] = x[i] * sigmoid;
            gates[i] = d[i] * y[i] * (1f - sigmoid);
            d[i] *= sigmoid;
          }
        });
  }
}
