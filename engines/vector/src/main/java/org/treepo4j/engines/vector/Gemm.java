package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.ROWS;
import static org.treepo4j.engines.vector.GemmKernel.WIDE;

import java.util.Arrays;

/**
 * Dense matrix products in float32, row-major, on all workers. Following Goto's scheme, slices of B
 * are packed into panels of {@link GemmKernel#WIDE} columns and blocks of A into rows that stay in
 * the second-level cache; a register tile then runs down each panel. Where C has few columns, A is
 * read where it is ({@link #slim}).
 *
 * <p>Every element of C is summed in the order of k, starting from what C holds, so results are
 * bit-identical for any number of workers and any tile.
 */
final class Gemm {
  /** Depth of a packed slice. */
  private static final int DEPTH = 512;

  /** Rows of a packed block of A; a multiple of the tile's rows. */
  private static final int BLOCK = 24 * ROWS;

  /** Rows of C that a worker takes at once where C has few columns. */
  private static final int ROWS_TOGETHER = 8 * ROWS;

  /** Numbers of a cache line. */
  private static final int LINE = 16;

  private final WorkerPool pool;
  private final float[][] packedA;
  private final float[][] edge;
  private float[] packedB = new float[0];

  /**
   * More terms of every element of C, behind the others, while it is in the cache.
   *
   * @param k how many
   * @param a {@code [m × k]}
   * @param b {@code [n × k]}, or {@code [k × n]} where the product's B is {@code [k × n]}
   */
  record Tail(int k, Matrix a, Matrix b) {
    static final Tail NONE = new Tail(0, null, null);
  }

  Gemm(WorkerPool pool) {
    this.pool = pool;
    this.packedA = new float[pool.threads()][BLOCK * DEPTH];
    this.edge = new float[pool.threads()][ROWS * WIDE];
  }

  /** C[m×n] (+)= A[m×k]·B[n×k]ᵀ. */
  void nt(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean add) {
    nt(m, n, k, a, b, Tail.NONE, c, add);
  }

  /** C[m×n] (+)= A[m×k]·B[n×k]ᵀ and more terms. */
  void nt(int m, int n, int k, Matrix a, Matrix b, Tail tail, Matrix c, boolean add) {
    multiply(m, n, k, a, false, b, true, tail, c, add);
  }

  /** C[m×n] (+)= A[m×k]·B[k×n]. */
  void nn(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean add) {
    nn(m, n, k, a, b, Tail.NONE, c, add);
  }

  /** C[m×n] (+)= A[m×k]·B[k×n] and more terms. */
  void nn(int m, int n, int k, Matrix a, Matrix b, Tail tail, Matrix c, boolean add) {
    multiply(m, n, k, a, false, b, false, tail, c, add);
  }

  /** C[m×n] (+)= A[k×m]ᵀ·B[k×n]. */
  void tn(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean add) {
    multiply(m, n, k, a, true, b, false, Tail.NONE, c, add);
  }

  /** Columns that C has room for in {@link #slim}: whole vectors. */
  static int slimWidth(int n) {
    return (n + LANES - 1) / LANES * LANES;
  }

  /**
   * C[m×n] = A[m×k]·B[k×n] for few columns: A, which is large, is read once where it is.
   *
   * @param transposedB whether B is stored as {@code [n × k]}
   * @param c {@code [m × slimWidth(n)]}, zeros beyond {@code n}
   */
  void slim(int m, int n, int k, Matrix a, Matrix b, boolean transposedB, float[] c) {
    int width = slimWidth(n);
    float[] columns = reserve(k * width);
    pool.run(
        (k + DEPTH - 1) / DEPTH,
        (slice, worker) -> {
          int from = slice * DEPTH;
          int to = Math.min(k, from + DEPTH);
          Arrays.fill(columns, from * width, to * width, 0f);
          for (int i = from; i < to; i++) {
            for (int column = 0; column < n; column++) {
              columns[i * width + column] =
                  b.values()[transposedB ? b.at(column, i) : b.at(i, column)];
            }
          }
        });
    pool.run(
        (m + ROWS_TOGETHER - 1) / ROWS_TOGETHER,
        (part, worker) -> {
          int row = part * ROWS_TOGETHER;
          int rows = Math.min(ROWS_TOGETHER, m - row);
          GemmKernel.clear(rows, width, c, row * width, width);
          GemmKernel.product(
              rows,
              width,
              k,
              a.values(),
              a.at(row, 0),
              a.stride(),
              1,
              columns,
              0,
              width,
              c,
              row * width,
              width);
        });
  }

  private void multiply(
      int m,
      int n,
      int k,
      Matrix a,
      boolean transposedA,
      Matrix b,
      boolean transposedB,
      Tail tail,
      Matrix c,
      boolean add) {
    int panels = (n + WIDE - 1) / WIDE;
    int blocks = (m + BLOCK - 1) / BLOCK;
    int groups = Math.max(1, Math.min(panels, 4 * pool.threads() / blocks));
    float[] panelsOfB = reserve(panels * WIDE * (Math.min(k, DEPTH) + tail.k()));
    for (int from = 0; from < k; from += DEPTH) {
      int start = from;
      int own = Math.min(DEPTH, k - start);
      int more = start + own == k ? tail.k() : 0;
      int depth = own + more;
      boolean sum = add || start > 0;
      pool.run(
          panels,
          (panel, worker) -> {
            int column = panel * WIDE;
            int to = column * depth;
            packB(b, transposedB, start, own, column, n, panelsOfB, to);
            if (more > 0) {
              packB(tail.b(), transposedB, 0, more, column, n, panelsOfB, to + WIDE * own);
            }
          });
      pool.run(
          blocks * groups,
          (index, worker) -> {
            int row = index / groups * BLOCK;
            int group = index % groups;
            int rows = Math.min(BLOCK, m - row);
            packedA[worker] = FloatArrays.atLeast(packedA[worker], BLOCK * depth);
            if (transposedA) {
              packColumns(a, row, rows, start, depth, packedA[worker]);
            } else {
              packRows(a, row, rows, start, own, packedA[worker], 0, depth);
              if (more > 0) {
                packRows(tail.a(), row, rows, 0, more, packedA[worker], own, depth);
              }
            }
            for (int panel = panels * group / groups;
                panel < panels * (group + 1) / groups;
                panel++) {
              int column = panel * WIDE;
              block(
                  rows,
                  Math.min(WIDE, n - column),
                  depth,
                  packedA[worker],
                  transposedA,
                  panelsOfB,
                  panel * WIDE * depth,
                  c,
                  c.at(row, column),
                  sum,
                  edge[worker]);
            }
          });
    }
  }

  /** One packed block of A against one packed panel of B. */
  private static void block(
      int rows,
      int columns,
      int depth,
      float[] a,
      boolean transposedA,
      float[] b,
      int b0,
      Matrix c,
      int c0,
      boolean sum,
      float[] edge) {
    int aRow = transposedA ? 1 : depth;
    int aStep = transposedA ? rows : 1;
    for (int row = 0; row < rows; row += ROWS) {
      int height = Math.min(ROWS, rows - row);
      int at = c0 + row * c.stride();
      float[] target = c.values();
      if (height == ROWS && columns == WIDE) {
        if (!sum) {
          GemmKernel.clear(ROWS, WIDE, target, at, c.stride());
        }
        GemmKernel.wide(
            ROWS, depth, a, row * aRow, aRow, aStep, b, b0, WIDE, target, at, c.stride());
      } else {
        GemmKernel.clear(height, WIDE, edge, 0, WIDE);
        if (sum) {
          copy(height, columns, target, at, c.stride(), edge, 0, WIDE);
        }
        GemmKernel.wide(height, depth, a, row * aRow, aRow, aStep, b, b0, WIDE, edge, 0, WIDE);
        copy(height, columns, edge, 0, WIDE, target, at, c.stride());
      }
    }
  }

  private static void copy(
      int rows, int columns, float[] from, int from0, int fromRow, float[] to, int to0, int toRow) {
    for (int row = 0; row < rows; row++) {
      System.arraycopy(from, from0 + row * fromRow, to, to0 + row * toRow, columns);
    }
  }

  /** Rows as they are. */
  private static void packRows(
      Matrix a, int row, int rows, int start, int depth, float[] packed, int to, int stride) {
    for (int i = 0; i < rows; i++) {
      System.arraycopy(a.values(), a.at(row + i, start), packed, to + i * stride, depth);
    }
  }

  /** Of a transposed A, as [k][row]. */
  private static void packColumns(
      Matrix a, int row, int rows, int start, int depth, float[] packed) {
    for (int k = 0; k < depth; k++) {
      System.arraycopy(a.values(), a.at(start + k, row), packed, k * rows, rows);
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
    int columns = Math.min(WIDE, n - column);
    if (columns < WIDE) {
      Arrays.fill(packed, to, to + WIDE * depth, 0f);
    }
    if (!transposed) {
      for (int k = 0; k < depth; k++) {
        System.arraycopy(b.values(), b.at(start + k, column), packed, to + k * WIDE, columns);
      }
      return;
    }
    for (int c = 0; c < columns; c += LINE) {
      int from = b.at(column + c, start);
      packColumns(Math.min(LINE, columns - c), depth, b.values(), from, b.stride(), packed, to + c);
    }
  }

  /** A few rows of B become columns; what is written lies side by side. */
  private static void packColumns(
      int columns, int depth, float[] values, int from, int stride, float[] packed, int to) {
    for (int k = 0; k < depth; k++) {
      for (int c = 0; c < columns; c++) {
        packed[to + k * WIDE + c] = values[from + c * stride + k];
      }
    }
  }

  private float[] reserve(int floats) {
    if (packedB.length < floats) {
      packedB = new float[floats];
    }
    return packedB;
  }
}
