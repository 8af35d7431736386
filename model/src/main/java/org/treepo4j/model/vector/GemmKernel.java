package org.treepo4j.model.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The register-blocked inner products that every matrix product of this engine ends in: a tile of C
 * (+)= A·B, kept in vector registers while {@code depth} rows of B stream past.
 *
 * <p>A is read one scalar at a time at {@code a0 + row·aRow + k·aStep}, so either orientation
 * works; rows of B and C are contiguous: {@code b0 + k·bStep} and {@code c0 + row·cRow}. The loops
 * are written out because C2 keeps only named locals in registers; see docs/performance.md.
 */
final class GemmKernel {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  static final int LANES = SPECIES.length();

  /** Rows of the large tiles. */
  static final int ROWS = 6;

  /** Columns of the narrow tiles. */
  static final int NARROW = 2 * LANES;

  /**
   * Columns of the widest tile this machine has registers for: 6×4 accumulators need the 32 vector
   * registers of AVX-512 or NEON; AVX2 has 16 and takes 6×2.
   */
  static final int WIDE = LANES == 8 ? NARROW : 4 * LANES;

  private GemmKernel() {}

  /** C[rows × WIDE] (+)= A[rows × depth]·B[depth × WIDE] for any number of rows. */
  static void wide(
      int rows,
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
      int cRow,
      boolean add) {
    if (WIDE == NARROW) {
      narrow(rows, depth, a, a0, aRow, aStep, b, b0, bStep, c, c0, cRow, add);
      return;
    }
    int row = 0;
    for (; row + ROWS <= rows; row += ROWS) {
      tile6x4(depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow, add);
    }
    for (; row + 2 <= rows; row += 2) {
      tile2x4(depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow, add);
    }
    for (; row < rows; row++) {
      tile1x4(depth, a, a0 + row * aRow, aStep, b, b0, bStep, c, c0 + row * cRow, add);
    }
  }

  /** C[rows × columns] (+)= A·B for any number of rows and whole narrow tiles of columns. */
  static void product(
      int rows,
      int columns,
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
      int cRow,
      boolean add) {
    int column = 0;
    for (; column + WIDE <= columns; column += WIDE) {
      wide(rows, depth, a, a0, aRow, aStep, b, b0 + column, bStep, c, c0 + column, cRow, add);
    }
    for (; column < columns; column += NARROW) {
      narrow(rows, depth, a, a0, aRow, aStep, b, b0 + column, bStep, c, c0 + column, cRow, add);
    }
  }

  /** C[rows × NARROW] (+)= A[rows × depth]·B[depth × NARROW] for any number of rows. */
  static void narrow(
      int rows,
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
      int cRow,
      boolean add) {
    int row = 0;
    for (; row + ROWS <= rows; row += ROWS) {
      tile6x2(depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow, add);
    }
    for (; row + 2 <= rows; row += 2) {
      tile2x2(depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow, add);
    }
    for (; row < rows; row++) {
      tile1x2(depth, a, a0 + row * aRow, aStep, b, b0, bStep, c, c0 + row * cRow, add);
    }
  }

  /** Six rows by four vectors: 24 accumulators. */
  private static void tile6x4(
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
      int cRow,
      boolean add) {
    FloatVector c00 = FloatVector.zero(SPECIES);
    FloatVector c01 = FloatVector.zero(SPECIES);
    FloatVector c02 = FloatVector.zero(SPECIES);
    FloatVector c03 = FloatVector.zero(SPECIES);
    FloatVector c10 = FloatVector.zero(SPECIES);
    FloatVector c11 = FloatVector.zero(SPECIES);
    FloatVector c12 = FloatVector.zero(SPECIES);
    FloatVector c13 = FloatVector.zero(SPECIES);
    FloatVector c20 = FloatVector.zero(SPECIES);
    FloatVector c21 = FloatVector.zero(SPECIES);
    FloatVector c22 = FloatVector.zero(SPECIES);
    FloatVector c23 = FloatVector.zero(SPECIES);
    FloatVector c30 = FloatVector.zero(SPECIES);
    FloatVector c31 = FloatVector.zero(SPECIES);
    FloatVector c32 = FloatVector.zero(SPECIES);
    FloatVector c33 = FloatVector.zero(SPECIES);
    FloatVector c40 = FloatVector.zero(SPECIES);
    FloatVector c41 = FloatVector.zero(SPECIES);
    FloatVector c42 = FloatVector.zero(SPECIES);
    FloatVector c43 = FloatVector.zero(SPECIES);
    FloatVector c50 = FloatVector.zero(SPECIES);
    FloatVector c51 = FloatVector.zero(SPECIES);
    FloatVector c52 = FloatVector.zero(SPECIES);
    FloatVector c53 = FloatVector.zero(SPECIES);
    int ap = a0;
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      FloatVector y0 = FloatVector.fromArray(SPECIES, b, bp);
      FloatVector y1 = FloatVector.fromArray(SPECIES, b, bp + LANES);
      FloatVector y2 = FloatVector.fromArray(SPECIES, b, bp + 2 * LANES);
      FloatVector y3 = FloatVector.fromArray(SPECIES, b, bp + 3 * LANES);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[ap]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      c02 = x0.fma(y2, c02);
      c03 = x0.fma(y3, c03);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[ap + aRow]);
      c10 = x1.fma(y0, c10);
      c11 = x1.fma(y1, c11);
      c12 = x1.fma(y2, c12);
      c13 = x1.fma(y3, c13);
      FloatVector x2 = FloatVector.broadcast(SPECIES, a[ap + 2 * aRow]);
      c20 = x2.fma(y0, c20);
      c21 = x2.fma(y1, c21);
      c22 = x2.fma(y2, c22);
      c23 = x2.fma(y3, c23);
      FloatVector x3 = FloatVector.broadcast(SPECIES, a[ap + 3 * aRow]);
      c30 = x3.fma(y0, c30);
      c31 = x3.fma(y1, c31);
      c32 = x3.fma(y2, c32);
      c33 = x3.fma(y3, c33);
      FloatVector x4 = FloatVector.broadcast(SPECIES, a[ap + 4 * aRow]);
      c40 = x4.fma(y0, c40);
      c41 = x4.fma(y1, c41);
      c42 = x4.fma(y2, c42);
      c43 = x4.fma(y3, c43);
      FloatVector x5 = FloatVector.broadcast(SPECIES, a[ap + 5 * aRow]);
      c50 = x5.fma(y0, c50);
      c51 = x5.fma(y1, c51);
      c52 = x5.fma(y2, c52);
      c53 = x5.fma(y3, c53);
      ap += aStep;
      bp += bStep;
    }
    if (add) {
      c00 = c00.add(FloatVector.fromArray(SPECIES, c, c0));
      c01 = c01.add(FloatVector.fromArray(SPECIES, c, c0 + LANES));
      c02 = c02.add(FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES));
      c03 = c03.add(FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES));
      c10 = c10.add(FloatVector.fromArray(SPECIES, c, c0 + cRow));
      c11 = c11.add(FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES));
      c12 = c12.add(FloatVector.fromArray(SPECIES, c, c0 + cRow + 2 * LANES));
      c13 = c13.add(FloatVector.fromArray(SPECIES, c, c0 + cRow + 3 * LANES));
      c20 = c20.add(FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow));
      c21 = c21.add(FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + LANES));
      c22 = c22.add(FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + 2 * LANES));
      c23 = c23.add(FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + 3 * LANES));
      c30 = c30.add(FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow));
      c31 = c31.add(FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + LANES));
      c32 = c32.add(FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + 2 * LANES));
      c33 = c33.add(FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + 3 * LANES));
      c40 = c40.add(FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow));
      c41 = c41.add(FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow + LANES));
      c42 = c42.add(FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow + 2 * LANES));
      c43 = c43.add(FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow + 3 * LANES));
      c50 = c50.add(FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow));
      c51 = c51.add(FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow + LANES));
      c52 = c52.add(FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow + 2 * LANES));
      c53 = c53.add(FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow + 3 * LANES));
    }
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c02.intoArray(c, c0 + 2 * LANES);
    c03.intoArray(c, c0 + 3 * LANES);
    c10.intoArray(c, c0 + cRow);
    c11.intoArray(c, c0 + cRow + LANES);
    c12.intoArray(c, c0 + cRow + 2 * LANES);
    c13.intoArray(c, c0 + cRow + 3 * LANES);
    c20.intoArray(c, c0 + 2 * cRow);
    c21.intoArray(c, c0 + 2 * cRow + LANES);
    c22.intoArray(c, c0 + 2 * cRow + 2 * LANES);
    c23.intoArray(c, c0 + 2 * cRow + 3 * LANES);
    c30.intoArray(c, c0 + 3 * cRow);
    c31.intoArray(c, c0 + 3 * cRow + LANES);
    c32.intoArray(c, c0 + 3 * cRow + 2 * LANES);
    c33.intoArray(c, c0 + 3 * cRow + 3 * LANES);
    c40.intoArray(c, c0 + 4 * cRow);
    c41.intoArray(c, c0 + 4 * cRow + LANES);
    c42.intoArray(c, c0 + 4 * cRow + 2 * LANES);
    c43.intoArray(c, c0 + 4 * cRow + 3 * LANES);
    c50.intoArray(c, c0 + 5 * cRow);
    c51.intoArray(c, c0 + 5 * cRow + LANES);
    c52.intoArray(c, c0 + 5 * cRow + 2 * LANES);
    c53.intoArray(c, c0 + 5 * cRow + 3 * LANES);
  }

  /** Six rows by two vectors: 12 accumulators. */
  private static void tile6x2(
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
      int cRow,
      boolean add) {
    FloatVector c00 = FloatVector.zero(SPECIES);
    FloatVector c01 = FloatVector.zero(SPECIES);
    FloatVector c10 = FloatVector.zero(SPECIES);
    FloatVector c11 = FloatVector.zero(SPECIES);
    FloatVector c20 = FloatVector.zero(SPECIES);
    FloatVector c21 = FloatVector.zero(SPECIES);
    FloatVector c30 = FloatVector.zero(SPECIES);
    FloatVector c31 = FloatVector.zero(SPECIES);
    FloatVector c40 = FloatVector.zero(SPECIES);
    FloatVector c41 = FloatVector.zero(SPECIES);
    FloatVector c50 = FloatVector.zero(SPECIES);
    FloatVector c51 = FloatVector.zero(SPECIES);
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
      ap += aStep;
      bp += bStep;
    }
    if (add) {
      c00 = c00.add(FloatVector.fromArray(SPECIES, c, c0));
      c01 = c01.add(FloatVector.fromArray(SPECIES, c, c0 + LANES));
      c10 = c10.add(FloatVector.fromArray(SPECIES, c, c0 + cRow));
      c11 = c11.add(FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES));
      c20 = c20.add(FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow));
      c21 = c21.add(FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + LANES));
      c30 = c30.add(FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow));
      c31 = c31.add(FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + LANES));
      c40 = c40.add(FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow));
      c41 = c41.add(FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow + LANES));
      c50 = c50.add(FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow));
      c51 = c51.add(FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow + LANES));
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
  }

  /** Two rows by four vectors. */
  private static void tile2x4(
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
      int cRow,
      boolean add) {
    FloatVector c00 = FloatVector.zero(SPECIES);
    FloatVector c01 = FloatVector.zero(SPECIES);
    FloatVector c02 = FloatVector.zero(SPECIES);
    FloatVector c03 = FloatVector.zero(SPECIES);
    FloatVector c10 = FloatVector.zero(SPECIES);
    FloatVector c11 = FloatVector.zero(SPECIES);
    FloatVector c12 = FloatVector.zero(SPECIES);
    FloatVector c13 = FloatVector.zero(SPECIES);
    int ap = a0;
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      FloatVector y0 = FloatVector.fromArray(SPECIES, b, bp);
      FloatVector y1 = FloatVector.fromArray(SPECIES, b, bp + LANES);
      FloatVector y2 = FloatVector.fromArray(SPECIES, b, bp + 2 * LANES);
      FloatVector y3 = FloatVector.fromArray(SPECIES, b, bp + 3 * LANES);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[ap]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      c02 = x0.fma(y2, c02);
      c03 = x0.fma(y3, c03);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[ap + aRow]);
      c10 = x1.fma(y0, c10);
      c11 = x1.fma(y1, c11);
      c12 = x1.fma(y2, c12);
      c13 = x1.fma(y3, c13);
      ap += aStep;
      bp += bStep;
    }
    if (add) {
      c00 = c00.add(FloatVector.fromArray(SPECIES, c, c0));
      c01 = c01.add(FloatVector.fromArray(SPECIES, c, c0 + LANES));
      c02 = c02.add(FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES));
      c03 = c03.add(FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES));
      c10 = c10.add(FloatVector.fromArray(SPECIES, c, c0 + cRow));
      c11 = c11.add(FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES));
      c12 = c12.add(FloatVector.fromArray(SPECIES, c, c0 + cRow + 2 * LANES));
      c13 = c13.add(FloatVector.fromArray(SPECIES, c, c0 + cRow + 3 * LANES));
    }
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c02.intoArray(c, c0 + 2 * LANES);
    c03.intoArray(c, c0 + 3 * LANES);
    c10.intoArray(c, c0 + cRow);
    c11.intoArray(c, c0 + cRow + LANES);
    c12.intoArray(c, c0 + cRow + 2 * LANES);
    c13.intoArray(c, c0 + cRow + 3 * LANES);
  }

  /** Two rows by two vectors. */
  private static void tile2x2(
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
      int cRow,
      boolean add) {
    FloatVector c00 = FloatVector.zero(SPECIES);
    FloatVector c01 = FloatVector.zero(SPECIES);
    FloatVector c10 = FloatVector.zero(SPECIES);
    FloatVector c11 = FloatVector.zero(SPECIES);
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
      ap += aStep;
      bp += bStep;
    }
    if (add) {
      c00 = c00.add(FloatVector.fromArray(SPECIES, c, c0));
      c01 = c01.add(FloatVector.fromArray(SPECIES, c, c0 + LANES));
      c10 = c10.add(FloatVector.fromArray(SPECIES, c, c0 + cRow));
      c11 = c11.add(FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES));
    }
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c10.intoArray(c, c0 + cRow);
    c11.intoArray(c, c0 + cRow + LANES);
  }

  /** One row by four vectors. */
  private static void tile1x4(
      int depth,
      float[] a,
      int a0,
      int aStep,
      float[] b,
      int b0,
      int bStep,
      float[] c,
      int c0,
      boolean add) {
    FloatVector c00 = FloatVector.zero(SPECIES);
    FloatVector c01 = FloatVector.zero(SPECIES);
    FloatVector c02 = FloatVector.zero(SPECIES);
    FloatVector c03 = FloatVector.zero(SPECIES);
    int ap = a0;
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      FloatVector y0 = FloatVector.fromArray(SPECIES, b, bp);
      FloatVector y1 = FloatVector.fromArray(SPECIES, b, bp + LANES);
      FloatVector y2 = FloatVector.fromArray(SPECIES, b, bp + 2 * LANES);
      FloatVector y3 = FloatVector.fromArray(SPECIES, b, bp + 3 * LANES);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[ap]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      c02 = x0.fma(y2, c02);
      c03 = x0.fma(y3, c03);
      ap += aStep;
      bp += bStep;
    }
    if (add) {
      c00 = c00.add(FloatVector.fromArray(SPECIES, c, c0));
      c01 = c01.add(FloatVector.fromArray(SPECIES, c, c0 + LANES));
      c02 = c02.add(FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES));
      c03 = c03.add(FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES));
    }
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c02.intoArray(c, c0 + 2 * LANES);
    c03.intoArray(c, c0 + 3 * LANES);
  }

  /** One row by two vectors. */
  private static void tile1x2(
      int depth,
      float[] a,
      int a0,
      int aStep,
      float[] b,
      int b0,
      int bStep,
      float[] c,
      int c0,
      boolean add) {
    FloatVector c00 = FloatVector.zero(SPECIES);
    FloatVector c01 = FloatVector.zero(SPECIES);
    int ap = a0;
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      FloatVector y0 = FloatVector.fromArray(SPECIES, b, bp);
      FloatVector y1 = FloatVector.fromArray(SPECIES, b, bp + LANES);
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[ap]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      ap += aStep;
      bp += bStep;
    }
    if (add) {
      c00 = c00.add(FloatVector.fromArray(SPECIES, c, c0));
      c01 = c01.add(FloatVector.fromArray(SPECIES, c, c0 + LANES));
    }
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
  }
}
