package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.NARROW;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * The tiles of large products: A packed in strips of rows, {@code [k][rows]}, against a packed panel
 * of B, {@code [k][COLUMNS]}. Eight rows share what is read of B, which comes from the second-level
 * cache; a tile of four rows waits for it on Intel and AMD servers alike.
 *
 * <p>Every element is summed in the order of k, on top of what C holds: no tile differs from another
 * in its bits.
 */
final class StripTiles {
  /** Rows of a strip. 8×3 accumulators need 32 vector registers; AVX2 has 16 and takes 4×2. */
  static final int ROWS = LANES == 8 ? GemmKernel.ROWS : 8;

  /** Columns of a panel. */
  static final int COLUMNS = LANES == 8 ? NARROW : 3 * LANES;

  private StripTiles() {}

  /**
   * C[rows × vectors·LANES] += A·B.
   *
   * @param rows rows of the strip, at most {@link #ROWS}; numbers of one k lie {@code rows} apart
   * @param vectors vectors of the panel, from its first on
   * @param a {@code [depth × rows]} from {@code a0}
   * @param b {@code [depth × COLUMNS]} from {@code b0}
   * @param c rows {@code cRow} apart, from {@code c0}
   */
  static void multiply(
      int rows,
      int vectors,
      int depth,
      float[] a,
      int a0,
      float[] b,
      int b0,
      float[] c,
      int c0,
      int cRow) {
    if (rows < ROWS || LANES == 8) {
      int columns = vectors * LANES;
      GemmKernel.product(rows, columns, depth, a, a0, 1, rows, b, b0, COLUMNS, c, c0, cRow);
    } else if (vectors == 3) {
      tile8x3(depth, a, a0, b, b0, c, c0, cRow);
    } else if (vectors == 2) {
      tile8x2(depth, a, a0, 1, ROWS, b, b0, COLUMNS, c, c0, cRow);
    } else {
      GemmTiles.tile8x1(depth, a, a0, 1, ROWS, b, b0, COLUMNS, c, c0, cRow);
    }
  }

  private static void tile8x3(
      int depth, float[] a, int a0, float[] b, int b0, float[] c, int c0, int cRow) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector c02 = FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES);
    FloatVector c10 = FloatVector.fromArray(SPECIES, c, c0 + cRow);
    FloatVector c11 = FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES);
    FloatVector c12 = FloatVector.fromArray(SPECIES, c, c0 + cRow + 2 * LANES);
    FloatVector c20 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow);
    FloatVector c21 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + LANES);
    FloatVector c22 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + 2 * LANES);
    FloatVector c30 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow);
    FloatVector c31 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + LANES);
    FloatVector c32 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + 2 * LANES);
    FloatVector c40 = FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow);
    FloatVector c41 = FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow + LANES);
    FloatVector c42 = FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow + 2 * LANES);
    FloatVector c50 = FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow);
    FloatVector c51 = FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow + LANES);
    FloatVector c52 = FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow + 2 * LANES);
    FloatVector c60 = FloatVector.fromArray(SPECIES, c, c0 + 6 * cRow);
    FloatVector c61 = FloatVector.fromArray(SPECIES, c, c0 + 6 * cRow + LANES);
    FloatVector c62 = FloatVector.fromArray(SPECIES, c, c0 + 6 * cRow + 2 * LANES);
    FloatVector c70 = FloatVector.fromArray(SPECIES, c, c0 + 7 * cRow);
    FloatVector c71 = FloatVector.fromArray(SPECIES, c, c0 + 7 * cRow + LANES);
    FloatVector c72 = FloatVector.fromArray(SPECIES, c, c0 + 7 * cRow + 2 * LANES);
    int ap = a0;
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      FloatVector y0 = FloatVector.fromArray(SPECIES, b, bp);
      FloatVector y1 = FloatVector.fromArray(SPECIES, b, bp + LANES);
      FloatVector y2 = FloatVector.fromArray(SPECIES, b, bp + 2 * LANES);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[ap]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      c02 = x0.fma(y2, c02);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[ap + 1]);
      c10 = x1.fma(y0, c10);
      c11 = x1.fma(y1, c11);
      c12 = x1.fma(y2, c12);
      FloatVector x2 = FloatVector.broadcast(SPECIES, a[ap + 2]);
      c20 = x2.fma(y0, c20);
      c21 = x2.fma(y1, c21);
      c22 = x2.fma(y2, c22);
      FloatVector x3 = FloatVector.broadcast(SPECIES, a[ap + 3]);
      c30 = x3.fma(y0, c30);
      c31 = x3.fma(y1, c31);
      c32 = x3.fma(y2, c32);
      FloatVector x4 = FloatVector.broadcast(SPECIES, a[ap + 4]);
      c40 = x4.fma(y0, c40);
      c41 = x4.fma(y1, c41);
      c42 = x4.fma(y2, c42);
      FloatVector x5 = FloatVector.broadcast(SPECIES, a[ap + 5]);
      c50 = x5.fma(y0, c50);
      c51 = x5.fma(y1, c51);
      c52 = x5.fma(y2, c52);
      FloatVector x6 = FloatVector.broadcast(SPECIES, a[ap + 6]);
      c60 = x6.fma(y0, c60);
      c61 = x6.fma(y1, c61);
      c62 = x6.fma(y2, c62);
      FloatVector x7 = FloatVector.broadcast(SPECIES, a[ap + 7]);
      c70 = x7.fma(y0, c70);
      c71 = x7.fma(y1, c71);
      c72 = x7.fma(y2, c72);
      ap += ROWS;
      bp += COLUMNS;
    }
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c02.intoArray(c, c0 + 2 * LANES);
    c10.intoArray(c, c0 + cRow);
    c11.intoArray(c, c0 + cRow + LANES);
    c12.intoArray(c, c0 + cRow + 2 * LANES);
    c20.intoArray(c, c0 + 2 * cRow);
    c21.intoArray(c, c0 + 2 * cRow + LANES);
    c22.intoArray(c, c0 + 2 * cRow + 2 * LANES);
    c30.intoArray(c, c0 + 3 * cRow);
    c31.intoArray(c, c0 + 3 * cRow + LANES);
    c32.intoArray(c, c0 + 3 * cRow + 2 * LANES);
    c40.intoArray(c, c0 + 4 * cRow);
    c41.intoArray(c, c0 + 4 * cRow + LANES);
    c42.intoArray(c, c0 + 4 * cRow + 2 * LANES);
    c50.intoArray(c, c0 + 5 * cRow);
    c51.intoArray(c, c0 + 5 * cRow + LANES);
    c52.intoArray(c, c0 + 5 * cRow + 2 * LANES);
    c60.intoArray(c, c0 + 6 * cRow);
    c61.intoArray(c, c0 + 6 * cRow + LANES);
    c62.intoArray(c, c0 + 6 * cRow + 2 * LANES);
    c70.intoArray(c, c0 + 7 * cRow);
    c71.intoArray(c, c0 + 7 * cRow + LANES);
    c72.intoArray(c, c0 + 7 * cRow + 2 * LANES);
  }

  /** Eight rows share what is read of B, so that half of a wide panel at a time suffices. */
  static void tile8x2(
      int depth,
      float[] a,
      int a0,
      int aRow,
      int aStep,
      float[] b,
      int b0,
      int bStep,
      float[] c,
      int c0,
      int cRow) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector c10 = FloatVector.fromArray(SPECIES, c, c0 + cRow);
    FloatVector c11 = FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES);
    FloatVector c20 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow);
    FloatVector c21 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + LANES);
    FloatVector c30 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow);
    FloatVector c31 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + LANES);
    FloatVector c40 = FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow);
    FloatVector c41 = FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow + LANES);
    FloatVector c50 = FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow);
    FloatVector c51 = FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow + LANES);
    FloatVector c60 = FloatVector.fromArray(SPECIES, c, c0 + 6 * cRow);
    FloatVector c61 = FloatVector.fromArray(SPECIES, c, c0 + 6 * cRow + LANES);
    FloatVector c70 = FloatVector.fromArray(SPECIES, c, c0 + 7 * cRow);
    FloatVector c71 = FloatVector.fromArray(SPECIES, c, c0 + 7 * cRow + LANES);
    int ap = a0;
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      FloatVector y0 = FloatVector.fromArray(SPECIES, b, bp);
      FloatVector y1 = FloatVector.fromArray(SPECIES, b, bp + LANES);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[ap]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[ap + aRow]);
      c10 = x1.fma(y0, c10);
      c11 = x1.fma(y1, c11);
      FloatVector x2 = FloatVector.broadcast(SPECIES, a[ap + 2 * aRow]);
      c20 = x2.fma(y0, c20);
      c21 = x2.fma(y1, c21);
      FloatVector x3 = FloatVector.broadcast(SPECIES, a[ap + 3 * aRow]);
      c30 = x3.fma(y0, c30);
      c31 = x3.fma(y1, c31);
      FloatVector x4 = FloatVector.broadcast(SPECIES, a[ap + 4 * aRow]);
      c40 = x4.fma(y0, c40);
      c41 = x4.fma(y1, c41);
      FloatVector x5 = FloatVector.broadcast(SPECIES, a[ap + 5 * aRow]);
      c50 = x5.fma(y0, c50);
      c51 = x5.fma(y1, c51);
      FloatVector x6 = FloatVector.broadcast(SPECIES, a[ap + 6 * aRow]);
      c60 = x6.fma(y0, c60);
      c61 = x6.fma(y1, c61);
      FloatVector x7 = FloatVector.broadcast(SPECIES, a[ap + 7 * aRow]);
      c70 = x7.fma(y0, c70);
      c71 = x7.fma(y1, c71);
      ap += aStep;
      bp += bStep;
    }
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c10.intoArray(c, c0 + cRow);
    c11.intoArray(c, c0 + cRow + LANES);
    c20.intoArray(c, c0 + 2 * cRow);
    c21.intoArray(c, c0 + 2 * cRow + LANES);
    c30.intoArray(c, c0 + 3 * cRow);
    c31.intoArray(c, c0 + 3 * cRow + LANES);
    c40.intoArray(c, c0 + 4 * cRow);
    c41.intoArray(c, c0 + 4 * cRow + LANES);
    c50.intoArray(c, c0 + 5 * cRow);
    c51.intoArray(c, c0 + 5 * cRow + LANES);
    c60.intoArray(c, c0 + 6 * cRow);
    c61.intoArray(c, c0 + 6 * cRow + LANES);
    c70.intoArray(c, c0 + 7 * cRow);
    c71.intoArray(c, c0 + 7 * cRow + LANES);
  }
}
