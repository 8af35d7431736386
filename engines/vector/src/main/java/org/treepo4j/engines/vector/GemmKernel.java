package org.treepo4j.engines.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The register-blocked inner products that every matrix product of this engine ends in: {@code C +=
 * A·B}, a tile of C kept in vector registers while {@code depth} rows of B stream past.
 *
 * <p>A is read one scalar at a time at {@code a0 + row·aRow + k·aStep}, so either orientation
 * works; rows of B and C are contiguous: {@code b0 + k·bStep} and {@code c0 + row·cRow}. The loops
 * are written out because C2 keeps only named locals in registers; see docs/performance.md.
 */
final class GemmKernel {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  static final int LANES = SPECIES.length();

  /**
   * Rows of the large tiles. Six would fit the registers too, but only if C2 loads each scalar of A
   * just before its use; JDK 17 lifted some of those loads in every second JVM and then kept
   * accumulators in memory, at 40 % of the speed. Four leave room for any order.
   */
  static final int ROWS = 4;

  /** Columns of the narrow tiles. */
  static final int NARROW = 2 * LANES;

  /**
   * Columns of the widest tile this machine has registers for: 4×4 accumulators need the 32 vector
   * registers of AVX-512 or NEON; AVX2 has 16 and takes 4×2.
   */
  static final int WIDE = LANES == 8 ? NARROW : 4 * LANES;

  private GemmKernel() {}

  /** C[rows × WIDE] += A[rows × depth]·B[depth × WIDE] for any number of rows. */
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
      int cRow) {
    if (WIDE == NARROW) {
      narrow(rows, depth, a, a0, aRow, aStep, b, b0, bStep, c, c0, cRow);
      return;
    }
    int row = 0;
    for (; row + ROWS <= rows; row += ROWS) {
      tile4x4(depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow);
    }
    for (; row + 2 <= rows; row += 2) {
      tile2x4(depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow);
    }
    for (; row < rows; row++) {
      tile1x4(depth, a, a0 + row * aRow, aStep, b, b0, bStep, c, c0 + row * cRow);
    }
  }

  /** C[rows × NARROW] += A[rows × depth]·B[depth × NARROW] for any number of rows. */
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
      int cRow) {
    int row = 0;
    for (; row + ROWS <= rows; row += ROWS) {
      tile4x2(depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow);
    }
    for (; row + 2 <= rows; row += 2) {
      tile2x2(depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow);
    }
    for (; row < rows; row++) {
      tile1x2(depth, a, a0 + row * aRow, aStep, b, b0, bStep, c, c0 + row * cRow);
    }
  }

  /** C[rows × columns] += A·B for any number of rows and whole narrow tiles of columns. */
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
      int cRow) {
    int column = 0;
    for (; column + WIDE <= columns; column += WIDE) {
      wide(rows, depth, a, a0, aRow, aStep, b, b0 + column, bStep, c, c0 + column, cRow);
    }
    for (; column < columns; column += NARROW) {
      narrow(rows, depth, a, a0, aRow, aStep, b, b0 + column, bStep, c, c0 + column, cRow);
    }
  }

  /** C[rows × columns] = 0 for whole vectors of columns. */
  static void clear(int rows, int columns, float[] c, int c0, int cRow) {
    FloatVector zero = FloatVector.zero(SPECIES);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column += LANES) {
        zero.intoArray(c, c0 + row * cRow + column);
      }
    }
  }

  private static void tile4x4(
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
    FloatVector c02 = FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES);
    FloatVector c03 = FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES);
    FloatVector c10 = FloatVector.fromArray(SPECIES, c, c0 + cRow);
    FloatVector c11 = FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES);
    FloatVector c12 = FloatVector.fromArray(SPECIES, c, c0 + cRow + 2 * LANES);
    FloatVector c13 = FloatVector.fromArray(SPECIES, c, c0 + cRow + 3 * LANES);
    FloatVector c20 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow);
    FloatVector c21 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + LANES);
    FloatVector c22 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + 2 * LANES);
    FloatVector c23 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + 3 * LANES);
    FloatVector c30 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow);
    FloatVector c31 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + LANES);
    FloatVector c32 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + 2 * LANES);
    FloatVector c33 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + 3 * LANES);
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
      ap += aStep;
      bp += bStep;
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
  }

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
      int cRow) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector c02 = FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES);
    FloatVector c03 = FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES);
    FloatVector c10 = FloatVector.fromArray(SPECIES, c, c0 + cRow);
    FloatVector c11 = FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES);
    FloatVector c12 = FloatVector.fromArray(SPECIES, c, c0 + cRow + 2 * LANES);
    FloatVector c13 = FloatVector.fromArray(SPECIES, c, c0 + cRow + 3 * LANES);
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
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c02.intoArray(c, c0 + 2 * LANES);
    c03.intoArray(c, c0 + 3 * LANES);
    c10.intoArray(c, c0 + cRow);
    c11.intoArray(c, c0 + cRow + LANES);
    c12.intoArray(c, c0 + cRow + 2 * LANES);
    c13.intoArray(c, c0 + cRow + 3 * LANES);
  }

  private static void tile1x4(
      int depth, float[] a, int a0, int aStep, float[] b, int b0, int bStep, float[] c, int c0) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector c02 = FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES);
    FloatVector c03 = FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES);
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
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c02.intoArray(c, c0 + 2 * LANES);
    c03.intoArray(c, c0 + 3 * LANES);
  }

  private static void tile4x2(
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
  }

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
      int cRow) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector c10 = FloatVector.fromArray(SPECIES, c, c0 + cRow);
    FloatVector c11 = FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES);
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
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c10.intoArray(c, c0 + cRow);
    c11.intoArray(c, c0 + cRow + LANES);
  }

  private static void tile1x2(
      int depth, float[] a, int a0, int aStep, float[] b, int b0, int bStep, float[] c, int c0) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
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
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
  }
}
