package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.StripTiles.COLUMNS;
import static org.treepo4j.engines.vector.StripTiles.ROWS;

import java.util.Arrays;

/**
 * Dense matrix products in float32, row-major, on all workers. Following Goto's scheme, slices of B
 * are packed into panels of {@link StripTiles#COLUMNS} columns and slices of A into strips of {@link
 * StripTiles#ROWS} rows; a block of strips, which fits the second-level cache, goes past each panel.
 *
 * <p>Every element of C is summed in the order of k, starting from what C holds, so results are
 * bit-identical for any number of workers and any tile. Only the depth of slices would change them,
 * where a sum is kept in C in between; it is one constant for all machines.
 */
final class Gemm {
  /** Depth of a packed slice. */
  private static final int DEPTH = 512;

  /** Rows of a block of A; a multiple of a strip's. */
  private static final int BLOCK = 96;

  /** Numbers of a cache line. */
  private static final int LINE = 16;

  private final WorkerPool pool;
  private final float[][] edge;
  private float[] packedA = new float[0];
  private float[] packedB = new float[0];

  Gemm(WorkerPool pool) {
    this.pool = pool;
    this.edge = new float[pool.threads()][ROWS * COLUMNS];
  }

  /** C[m×n] (+)= A[m×k]·B[n×k]ᵀ. */
  void nt(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean add) {
    multiply(m, n, k, a, false, b, true, c, add);
  }

  /** C[m×n] (+)= A[m×k]·B[k×n]. */
  void nn(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean add) {
    multiply(m, n, k, a, false, b, false, c, add);
  }

  /** C[m×n] (+)= A[k×m]ᵀ·B[k×n]. */
  void tn(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean add) {
    multiply(m, n, k, a, true, b, false, c, add);
  }

  /** C[m×n] (+)= A[k×m]ᵀ·B[n×k]ᵀ. */
  void tt(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean add) {
    multiply(m, n, k, a, true, b, true, c, add);
  }

  private void multiply(
      int m,
      int n,
      int k,
      Matrix a,
      boolean transposedA,
      Matrix b,
      boolean transposedB,
      Matrix c,
      boolean add) {
    int panels = (n + COLUMNS - 1) / COLUMNS;
    int height = Math.min(ROWS, m);
    int strips = (m + height - 1) / height;
    int blocks = (m + BLOCK - 1) / BLOCK;
    int groups = Math.max(1, Math.min(panels, 4 * pool.threads() / blocks));
    int slice = Math.min(k, DEPTH);
    packedA = FloatArrays.atLeast(packedA, strips * height * slice);
    packedB = FloatArrays.atLeast(packedB, panels * COLUMNS * slice);
    float[] stripsOfA = packedA;
    float[] panelsOfB = packedB;
    for (int from = 0; from < k; from += DEPTH) {
      int start = from;
      int depth = Math.min(DEPTH, k - start);
      boolean sum = add || start > 0;
      pool.run(
          panels + strips,
          (index, worker) -> {
            if (index < panels) {
              int column = index * COLUMNS;
              packB(b, transposedB, start, depth, column, n, panelsOfB, column * depth);
            } else {
              int row = (index - panels) * height;
              packA(a, transposedA, start, depth, row, m, height, stripsOfA, row * depth);
            }
          });
      pool.run(
          blocks * groups,
          (index, worker) -> {
            int row = index / groups * BLOCK;
            int rows = Math.min(BLOCK, m - row);
            int group = index % groups;
            int last = panels * (group + 1) / groups;
            for (int panel = panels * group / groups; panel < last; panel++) {
              int column = panel * COLUMNS;
              int columns = Math.min(COLUMNS, n - column);
              for (int i = 0; i < rows; i += height) {
                multiply(
                    Math.min(height, rows - i),
                    height,
                    columns,
                    depth,
                    stripsOfA,
                    (row + i) * depth,
                    panelsOfB,
                    column * depth,
                    c.values(),
                    c.at(row + i, column),
                    c.stride(),
                    sum,
                    edge[worker]);
              }
            }
          });
    }
  }

  /**
   * One strip of A against one panel of B.
   *
   * @param rows rows of C, at most {@code height}
   * @param height rows of the packed strip
   */
  private static void multiply(
      int rows,
      int height,
      int columns,
      int depth,
      float[] a,
      int a0,
      float[] b,
      int b0,
      float[] c,
      int c0,
      int cRow,
      boolean sum,
      float[] edge) {
    int vectors = (columns + LANES - 1) / LANES;
    if (rows == height && columns == vectors * LANES) {
      if (!sum) {
        GemmKernel.clear(rows, columns, c, c0, cRow);
      }
      StripTiles.multiply(height, vectors, depth, a, a0, b, b0, c, c0, cRow);
      return;
    }
    GemmKernel.clear(height, vectors * LANES, edge, 0, COLUMNS);
    if (sum) {
      copy(rows, columns, c, c0, cRow, edge, 0, COLUMNS);
    }
    StripTiles.multiply(height, vectors, depth, a, a0, b, b0, edge, 0, COLUMNS);
    copy(rows, columns, edge, 0, COLUMNS, c, c0, cRow);
  }

  private static void copy(
      int rows, int columns, float[] from, int from0, int fromRow, float[] to, int to0, int toRow) {
    for (int row = 0; row < rows; row++) {
      System.arraycopy(from, from0 + row * fromRow, to, to0 + row * toRow, columns);
    }
  }

  /** One strip as [k][row], missing rows zero. */
  private static void packA(
      Matrix a,
      boolean transposed,
      int start,
      int depth,
      int row,
      int m,
      int height,
      float[] packed,
      int to) {
    int rows = Math.min(height, m - row);
    if (rows < height) {
      Arrays.fill(packed, to, to + height * depth, 0f);
    }
    if (transposed) {
      for (int k = 0; k < depth; k++) {
        System.arraycopy(a.values(), a.at(start + k, row), packed, to + k * height, rows);
      }
    } else {
      toColumns(rows, depth, a.values(), a.at(row, start), a.stride(), packed, to, height);
    }
  }

  /** One panel as [k][column], missing columns zero. */
  private static void packB(
      Matrix b,
      boolean transposed,
      int start,
      int depth,
      int column,
      int n,
      float[] packed,
      int to) {
    int columns = Math.min(COLUMNS, n - column);
    if (columns < COLUMNS) {
      Arrays.fill(packed, to, to + COLUMNS * depth, 0f);
    }
    if (!transposed) {
      for (int k = 0; k < depth; k++) {
        System.arraycopy(b.values(), b.at(start + k, column), packed, to + k * COLUMNS, columns);
      }
      return;
    }
    for (int c = 0; c < columns; c += LINE) {
      int rows = Math.min(LINE, columns - c);
      int from = b.at(column + c, start);
      toColumns(rows, depth, b.values(), from, b.stride(), packed, to + c, COLUMNS);
    }
  }

  /** A few rows, {@code stride} apart, become columns; what is written lies side by side. */
  private static void toColumns(
      int rows,
      int depth,
      float[] values,
      int from,
      int stride,
      float[] packed,
      int to,
      int packedStride) {
    for (int k = 0; k < depth; k++) {
      for (int row = 0; row < rows; row++) {
        packed[to + k * packedStride + row] = values[from + row * stride + k];
      }
    }
  }
}
