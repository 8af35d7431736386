package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.WIDE;

/** Rows of a batch multiplied with packed matrices, panels shared among all workers. */
final class PackedProducts {
  private final WorkerPool pool;
  private final GatedActivation activation;
  private final float[][] scratch;

  /** Some panels that lie side by side. */
  private interface Part {
    void run(int panel, int count, int worker);
  }

  /** Takes some outputs of a row, {@code tile[at .. at + count)} from {@code output} on. */
  interface RowPart {
    void take(int row, int output, float[] tile, int at, int count);
  }

  PackedProducts(WorkerPool pool, GatedActivation activation) {
    this.pool = pool;
    this.activation = activation;
    this.scratch = new float[pool.threads()][0];
  }

  /** {@code to (+)= from·Wᵀ}, rows rounded up to whole panels. */
  void multiply(
      PackedMatrix matrix,
      int rows,
      float[] from,
      int fromStride,
      float[] to,
      int toStride,
      boolean add) {
    matrix.prepare(rows, from, fromStride);
    eachPart(
        matrix,
        matrix.together(),
        (panel, count, worker) ->
            matrix.multiply(panel, count, rows, from, fromStride, to, panel * WIDE, toStride, add));
  }

  /** {@code from·Wᵀ}, handed on piece by piece. */
  void rows(PackedMatrix matrix, int rows, float[] from, int fromStride, RowPart taker) {
    matrix.prepare(rows, from, fromStride);
    eachPart(
        matrix,
        matrix.together(),
        (panel, count, worker) -> {
          int width = count * WIDE;
          float[] tile = scratch(worker, rows * width);
          matrix.multiply(panel, count, rows, from, fromStride, tile, 0, width, false);
          for (int row = 0; row < rows; row++) {
            taker.take(row, panel * WIDE, tile, row * width, width);
          }
        });
  }

  /**
   * {@code to = f(from·gateᵀ)·(from·upᵀ)}.
   *
   * @param matrix panels of gate and up in turns
   */
  void gateUp(
      PackedMatrix matrix, int rows, float[] from, int fromStride, float[] to, int toStride) {
    matrix.prepare(rows, from, fromStride);
    eachPart(
        matrix,
        Math.max(2, matrix.together()),
        (panel, count, worker) -> {
          int width = count * WIDE;
          float[] pairs = scratch(worker, rows * width);
          matrix.multiply(panel, count, rows, from, fromStride, pairs, 0, width, false);
          for (int row = 0; row < rows; row++) {
            for (int i = 0; i < count; i += 2) {
              int gate = row * width + i * WIDE;
              int at = row * toStride + (panel + i) / 2 * WIDE;
              activation.row(WIDE, pairs, gate, pairs, gate + WIDE, to, at);
            }
          }
        });
  }

  private void eachPart(PackedMatrix matrix, int together, Part part) {
    int panels = matrix.panels();
    pool.run(
        (panels + together - 1) / together,
        (index, worker) -> {
          int panel = index * together;
          part.run(panel, Math.min(together, panels - panel), worker);
        });
  }

  private float[] scratch(int worker, int floats) {
    scratch[worker] = FloatArrays.atLeast(scratch[worker], floats);
    return scratch[worker];
  }
}
