package org.treepo4j.engines.vector;

import static jdk.incubator.vector.VectorOperators.AND;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.NARROW;
import static org.treepo4j.engines.vector.GemmKernel.ROWS;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;
import static org.treepo4j.engines.vector.GemmKernel.WIDE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The tiles of {@link GemmKernel} with B in bfloat16, widened in registers. An {@code int} holds
 * the numbers of two columns that are one vector apart, so a shift gives the first vector and a
 * mask the second: half the memory is read and no conversion instruction is needed. Arithmetic, and
 * its order, is that of float32.
 */
final class Bf16Kernel {
  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
  private static final int HALF = 16;
  private static final int UPPER = 0xFFFF0000;

  private Bf16Kernel() {}

  /** The {@code int} that holds two numbers, rounded to the nearest bfloat16. */
  static int pair(float low, float high) {
    return (round(low) >>> HALF) | (round(high) & UPPER);
  }

  /** To nearest, ties to even; the result is in the upper half. */
  private static int round(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return bits | 1 << 22;
    }
    return bits + 0x7FFF + ((bits >>> HALF) & 1);
  }

  /** C[rows × WIDE] += A[rows × depth]·B, rows of A {@code aRow} apart, B packed by pairs. */
  static void wide(
      int rows,
      int depth,
      float[] a,
      int a0,
      int aRow,
      int[] b,
      int b0,
      float[] c,
      int c0,
      int cRow) {
    if (WIDE == NARROW) {
      narrow(rows, depth, a, a0, aRow, b, b0, c, c0, cRow);
      return;
    }
    int row = 0;
    for (; row + ROWS <= rows; row += ROWS) {
      tile4x4(depth, a, a0 + row * aRow, aRow, b, b0, c, c0 + row * cRow, cRow);
    }
    for (; row + 2 <= rows; row += 2) {
      tile2x4(depth, a, a0 + row * aRow, aRow, b, b0, c, c0 + row * cRow, cRow);
    }
    for (; row < rows; row++) {
      tile1x4(depth, a, a0 + row * aRow, b, b0, c, c0 + row * cRow);
    }
  }

  private static void narrow(
      int rows,
      int depth,
      float[] a,
      int a0,
      int aRow,
      int[] b,
      int b0,
      float[] c,
      int c0,
      int cRow) {
    int row = 0;
    for (; row + ROWS <= rows; row += ROWS) {
      tile4x2(depth, a, a0 + row * aRow, aRow, b, b0, c, c0 + row * cRow, cRow);
    }
    for (; row + 2 <= rows; row += 2) {
      tile2x2(depth, a, a0 + row * aRow, aRow, b, b0, c, c0 + row * cRow, cRow);
    }
    for (; row < rows; row++) {
      tile1x2(depth, a, a0 + row * aRow, b, b0, c, c0 + row * cRow);
    }
  }

  private static void tile4x4(
      int depth, float[] a, int a0, int aRow, int[] b, int b0, float[] c, int c0, int cRow) {
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
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      IntVector pair0 = IntVector.fromArray(INTS, b, bp);
      FloatVector y0 = pair0.lanewise(LSHL, HALF).reinterpretAsFloats();
      FloatVector y1 = pair0.lanewise(AND, UPPER).reinterpretAsFloats();
      IntVector pair1 = IntVector.fromArray(INTS, b, bp + LANES);
      FloatVector y2 = pair1.lanewise(LSHL, HALF).reinterpretAsFloats();
      FloatVector y3 = pair1.lanewise(AND, UPPER).reinterpretAsFloats();
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + k]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      c02 = x0.fma(y2, c02);
      c03 = x0.fma(y3, c03);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[a0 + aRow + k]);
      c10 = x1.fma(y0, c10);
      c11 = x1.fma(y1, c11);
      c12 = x1.fma(y2, c12);
      c13 = x1.fma(y3, c13);
      FloatVector x2 = FloatVector.broadcast(SPECIES, a[a0 + 2 * aRow + k]);
      c20 = x2.fma(y0, c20);
      c21 = x2.fma(y1, c21);
      c22 = x2.fma(y2, c22);
      c23 = x2.fma(y3, c23);
      FloatVector x3 = FloatVector.broadcast(SPECIES, a[a0 + 3 * aRow + k]);
      c30 = x3.fma(y0, c30);
      c31 = x3.fma(y1, c31);
      c32 = x3.fma(y2, c32);
      c33 = x3.fma(y3, c33);
      bp += 2 * LANES;
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
      int depth, float[] a, int a0, int aRow, int[] b, int b0, float[] c, int c0, int cRow) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector c02 = FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES);
    FloatVector c03 = FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES);
    FloatVector c10 = FloatVector.fromArray(SPECIES, c, c0 + cRow);
    FloatVector c11 = FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES);
    FloatVector c12 = FloatVector.fromArray(SPECIES, c, c0 + cRow + 2 * LANES);
    FloatVector c13 = FloatVector.fromArray(SPECIES, c, c0 + cRow + 3 * LANES);
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      IntVector pair0 = IntVector.fromArray(INTS, b, bp);
      FloatVector y0 = pair0.lanewise(LSHL, HALF).reinterpretAsFloats();
      FloatVector y1 = pair0.lanewise(AND, UPPER).reinterpretAsFloats();
      IntVector pair1 = IntVector.fromArray(INTS, b, bp + LANES);
      FloatVector y2 = pair1.lanewise(LSHL, HALF).reinterpretAsFloats();
      FloatVector y3 = pair1.lanewise(AND, UPPER).reinterpretAsFloats();
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + k]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      c02 = x0.fma(y2, c02);
      c03 = x0.fma(y3, c03);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[a0 + aRow + k]);
      c10 = x1.fma(y0, c10);
      c11 = x1.fma(y1, c11);
      c12 = x1.fma(y2, c12);
      c13 = x1.fma(y3, c13);
      bp += 2 * LANES;
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

  private static void tile1x4(int depth, float[] a, int a0, int[] b, int b0, float[] c, int c0) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector c02 = FloatVector.fromArray(SPECIES, c, c0 + 2 * LANES);
    FloatVector c03 = FloatVector.fromArray(SPECIES, c, c0 + 3 * LANES);
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      IntVector pair0 = IntVector.fromArray(INTS, b, bp);
      FloatVector y0 = pair0.lanewise(LSHL, HALF).reinterpretAsFloats();
      FloatVector y1 = pair0.lanewise(AND, UPPER).reinterpretAsFloats();
      IntVector pair1 = IntVector.fromArray(INTS, b, bp + LANES);
      FloatVector y2 = pair1.lanewise(LSHL, HALF).reinterpretAsFloats();
      FloatVector y3 = pair1.lanewise(AND, UPPER).reinterpretAsFloats();
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + k]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      c02 = x0.fma(y2, c02);
      c03 = x0.fma(y3, c03);
      bp += 2 * LANES;
    }
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c02.intoArray(c, c0 + 2 * LANES);
    c03.intoArray(c, c0 + 3 * LANES);
  }

  private static void tile4x2(
      int depth, float[] a, int a0, int aRow, int[] b, int b0, float[] c, int c0, int cRow) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector c10 = FloatVector.fromArray(SPECIES, c, c0 + cRow);
    FloatVector c11 = FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES);
    FloatVector c20 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow);
    FloatVector c21 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow + LANES);
    FloatVector c30 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow);
    FloatVector c31 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow + LANES);
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      IntVector pair0 = IntVector.fromArray(INTS, b, bp);
      FloatVector y0 = pair0.lanewise(LSHL, HALF).reinterpretAsFloats();
      FloatVector y1 = pair0.lanewise(AND, UPPER).reinterpretAsFloats();
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + k]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[a0 + aRow + k]);
      c10 = x1.fma(y0, c10);
      c11 = x1.fma(y1, c11);
      FloatVector x2 = FloatVector.broadcast(SPECIES, a[a0 + 2 * aRow + k]);
      c20 = x2.fma(y0, c20);
      c21 = x2.fma(y1, c21);
      FloatVector x3 = FloatVector.broadcast(SPECIES, a[a0 + 3 * aRow + k]);
      c30 = x3.fma(y0, c30);
      c31 = x3.fma(y1, c31);
      bp += LANES;
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
      int depth, float[] a, int a0, int aRow, int[] b, int b0, float[] c, int c0, int cRow) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    FloatVector c10 = FloatVector.fromArray(SPECIES, c, c0 + cRow);
    FloatVector c11 = FloatVector.fromArray(SPECIES, c, c0 + cRow + LANES);
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      IntVector pair0 = IntVector.fromArray(INTS, b, bp);
      FloatVector y0 = pair0.lanewise(LSHL, HALF).reinterpretAsFloats();
      FloatVector y1 = pair0.lanewise(AND, UPPER).reinterpretAsFloats();
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + k]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      FloatVector x1 = FloatVector.broadcast(SPECIES, a[a0 + aRow + k]);
      c10 = x1.fma(y0, c10);
      c11 = x1.fma(y1, c11);
      bp += LANES;
    }
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
    c10.intoArray(c, c0 + cRow);
    c11.intoArray(c, c0 + cRow + LANES);
  }

  private static void tile1x2(int depth, float[] a, int a0, int[] b, int b0, float[] c, int c0) {
    FloatVector c00 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector c01 = FloatVector.fromArray(SPECIES, c, c0 + LANES);
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      IntVector pair0 = IntVector.fromArray(INTS, b, bp);
      FloatVector y0 = pair0.lanewise(LSHL, HALF).reinterpretAsFloats();
      FloatVector y1 = pair0.lanewise(AND, UPPER).reinterpretAsFloats();
      FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + k]);
      c00 = x0.fma(y0, c00);
      c01 = x0.fma(y1, c01);
      bp += LANES;
    }
    c00.intoArray(c, c0);
    c01.intoArray(c, c0 + LANES);
  }
}
