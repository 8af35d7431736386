package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.HeadShape.PANEL;

/**
 * Keys or values of one layer, rearranged for the register tiles: either {@code
 * [kvHead][panel][dim][PANEL]}, so that a panel of rows can be multiplied from the left, or {@code
 * [kvHead][row][padded]}.
 */
final class HeadPanels {
  private final WorkerPool pool;
  private final HeadShape shape;

  HeadPanels(WorkerPool pool, HeadShape shape) {
    this.pool = pool;
    this.shape = shape;
  }

  static int panels(int rows) {
    return (rows + PANEL - 1) / PANEL;
  }

  int transposedSize(int rows) {
    return Math.multiplyExact(shape.kvSize(), panels(rows) * PANEL);
  }

  int paddedSize(int rows) {
    return Math.multiplyExact(shape.kvHeads() * shape.padded(), rows);
  }

  /** Start of a panel in the transposed form. */
  int transposedAt(int rows, int head, int panel) {
    return (head * panels(rows) + panel) * shape.dim() * PANEL;
  }

  /** Start of a row in the padded form. */
  int paddedAt(int rows, int head, int row) {
    return (head * rows + row) * shape.padded();
  }

  /** From {@code [rows × kvSize]}; the last panel is filled up with zeros. */
  void transpose(int rows, float[] from, float[] to) {
    int panels = panels(rows);
    pool.run(
        shape.kvHeads() * panels,
        (task, worker) -> {
          int head = task / panels;
          int panel = task % panels;
          int valid = Math.min(PANEL, rows - panel * PANEL);
          int target = transposedAt(rows, head, panel);
          int source = panel * PANEL * shape.kvSize() + head * shape.dim();
          for (int d = 0; d < shape.dim(); d++) {
            for (int c = 0; c < PANEL; c++) {
              to[target + d * PANEL + c] = c < valid ? from[source + c * shape.kvSize() + d] : 0f;
            }
          }
        });
  }

  /** From {@code [rows × kvSize]}; heads are filled up with zeros. */
  void pad(int rows, float[] from, float[] to) {
    int panels = panels(rows);
    pool.run(
        shape.kvHeads() * panels,
        (task, worker) -> {
          int head = task / panels;
          int first = task % panels * PANEL;
          int end = Math.min(rows, first + PANEL);
          for (int row = first; row < end; row++) {
            int target = paddedAt(rows, head, row);
            System.arraycopy(
                from, row * shape.kvSize() + head * shape.dim(), to, target, shape.dim());
            for (int d = shape.dim(); d < shape.padded(); d++) {
              to[target + d] = 0f;
            }
          }
        });
  }

  /** Back to {@code [rows × kvSize]}, for one head. */
  void unpad(int rows, int head, int fromRow, int toRow, float[] from, float[] to) {
    for (int row = fromRow; row < toRow; row++) {
      System.arraycopy(
          from,
          paddedAt(rows, head, row),
          to,
          row * shape.kvSize() + head * shape.dim(),
          shape.dim());
    }
  }
}
