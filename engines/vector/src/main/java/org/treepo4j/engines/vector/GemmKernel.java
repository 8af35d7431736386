package org.treepo4j.engines.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The inner products that every matrix product of this engine ends in: {@code C += A·B}, cut into
 * the tiles of {@link GemmTiles}.
 *
 * <p>A is read one scalar at a time at {@code a0 + row·aRow + k·aStep}, so either orientation
 * works; rows of B and C are contiguous: {@code b0 + k·bStep} and {@code c0 + row·cRow}.
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
      GemmTiles.tile4x4(
          depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow);
    }
    for (; row + 2 <= rows; row += 2) {
      GemmTiles.tile2x4(
          depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow);
    }
    for (; row < rows; row++) {
      GemmTiles.tile1x4(depth, a, a0 + row * aRow, aStep, b, b0, bStep, c, c0 + row * cRow);
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
      GemmTiles.tile4x2(
          depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow);
    }
    for (; row + 2 <= rows; row += 2) {
      GemmTiles.tile2x2(
          depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow);
    }
    for (; row < rows; row++) {
      GemmTiles.tile1x2(depth, a, a0 + row * aRow, aStep, b, b0, bStep, c, c0 + row * cRow);
    }
  }

  /** C[rows × LANES] += A[rows × depth]·B[depth × LANES] for any number of rows. */
  static void single(
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
    for (; row + 2 * ROWS <= rows; row += 2 * ROWS) {
      GemmTiles.tile8x1(
          depth, a, a0 + row * aRow, aRow, aStep, b, b0, bStep, c, c0 + row * cRow, cRow);
    }
    for (; row < rows; row++) {
      GemmTiles.tile1x1(depth, a, a0 + row * aRow, aStep, b, b0, bStep, c, c0 + row * cRow);
    }
  }

  /** C[rows × columns] += A·B for any number of rows and whole vectors of columns. */
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
    for (; column + NARROW <= columns; column += NARROW) {
      narrow(rows, depth, a, a0, aRow, aStep, b, b0 + column, bStep, c, c0 + column, cRow);
    }
    for (; column < columns; column += LANES) {
      single(rows, depth, a, a0, aRow, aStep, b, b0 + column, bStep, c, c0 + column, cRow);
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
}
