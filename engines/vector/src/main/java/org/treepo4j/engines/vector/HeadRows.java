package org.treepo4j.engines.vector;

/**
 * Keys or values of one layer, rearranged for the register tiles: {@code [kvHead][row][padded]}, a
 * head's numbers filled up with zeros to whole tiles.
 */
final class HeadRows {
  private static final int ROWS_PER_TASK = 64;

  private final WorkerPool pool;
  private final HeadShape shape;

  HeadRows(WorkerPool pool, HeadShape shape) {
    this.pool = pool;
    this.shape = shape;
  }

  int size(int rows) {
    return Math.multiplyExact(shape.kvHeads() * shape.padded(), rows);
  }

  /** Start of a row. */
  int at(int rows, int head, int row) {
    return (head * rows + row) * shape.padded();
  }

  /** From {@code [rows × kvSize]}. */
  void pad(int rows, float[] from, float[] to) {
    int chunks = (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
    pool.run(
        shape.kvHeads() * chunks,
        (task, worker) -> {
          int head = task / chunks;
          int first = task % chunks * ROWS_PER_TASK;
          int end = Math.min(rows, first + ROWS_PER_TASK);
          for (int row = first; row < end; row++) {
            int target = at(rows, head, row);
            System.arraycopy(
                from, row * shape.kvSize() + head * shape.dim(), to, target, shape.dim());
            for (int d = shape.dim(); d < shape.padded(); d++) {
              to[target + d] = 0f;
            }
          }
        });
  }

  /** The sum of the first {@code parts} back to {@code [rows × kvSize]}, for one head. */
  void unpad(int rows, int head, int fromRow, int toRow, int parts, float[][] from, float[] to) {
    for (int row = fromRow; row < toRow; row++) {
      int at = at(rows, head, row);
      int target = row * shape.kvSize() + head * shape.dim();
      System.arraycopy(from[0], at, to, target, shape.dim());
      for (int part = 1; part < parts; part++) {
        RowMath.add(from[part], at, to, target, shape.dim());
      }
    }
  }
}
