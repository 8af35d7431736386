package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * Register tiles of {@link GemmKernel}, rows × vectors: a tile of C is kept in vector registers
 * while {@code depth} rows of B stream past. The loops are written out because C2 keeps only named
 * locals in registers; see docs/performance.md.
 */
final class GemmTiles {
  private GemmTiles() {}

  static void tile4x4(
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

  static void tile2x4(
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

  static void tile1x4(
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

  static void tile4x2(
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

  static void tile2x2(
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

  static void tile1x2(
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

  static void tile8x1(
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
    FloatVector s0 = FloatVector.fromArray(SPECIES, c, c0);
    FloatVector s1 = FloatVector.fromArray(SPECIES, c, c0 + cRow);
    FloatVector s2 = FloatVector.fromArray(SPECIES, c, c0 + 2 * cRow);
    FloatVector s3 = FloatVector.fromArray(SPECIES, c, c0 + 3 * cRow);
    FloatVector s4 = FloatVector.fromArray(SPECIES, c, c0 + 4 * cRow);
    FloatVector s5 = FloatVector.fromArray(SPECIES, c, c0 + 5 * cRow);
    FloatVector s6 = FloatVector.fromArray(SPECIES, c, c0 + 6 * cRow);
    FloatVector s7 = FloatVector.fromArray(SPECIES, c, c0 + 7 * cRow);
    int ap = a0;
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      FloatVector y = FloatVector.fromArray(SPECIES, b, bp);
      s0 = FloatVector.broadcast(SPECIES, a[ap]).fma(y, s0);
      s1 = FloatVector.broadcast(SPECIES, a[ap + aRow]).fma(y, s1);
      s2 = FloatVector.broadcast(SPECIES, a[ap + 2 * aRow]).fma(y, s2);
      s3 = FloatVector.broadcast(SPECIES, a[ap + 3 * aRow]).fma(y, s3);
      s4 = FloatVector.broadcast(SPECIES, a[ap + 4 * aRow]).fma(y, s4);
      s5 = FloatVector.broadcast(SPECIES, a[ap + 5 * aRow]).fma(y, s5);
      s6 = FloatVector.broadcast(SPECIES, a[ap + 6 * aRow]).fma(y, s6);
      s7 = FloatVector.broadcast(SPECIES, a[ap + 7 * aRow]).fma(y, s7);
      ap += aStep;
      bp += bStep;
    }
    s0.intoArray(c, c0);
    s1.intoArray(c, c0 + cRow);
    s2.intoArray(c, c0 + 2 * cRow);
    s3.intoArray(c, c0 + 3 * cRow);
    s4.intoArray(c, c0 + 4 * cRow);
    s5.intoArray(c, c0 + 5 * cRow);
    s6.intoArray(c, c0 + 6 * cRow);
    s7.intoArray(c, c0 + 7 * cRow);
  }

  static void tile1x1(
      int depth, float[] a, int a0, int aStep, float[] b, int b0, int bStep, float[] c, int c0) {
    FloatVector s0 = FloatVector.fromArray(SPECIES, c, c0);
    int ap = a0;
    int bp = b0;
    for (int k = 0; k < depth; k++) {
      FloatVector y = FloatVector.fromArray(SPECIES, b, bp);
      s0 = FloatVector.broadcast(SPECIES, a[ap]).fma(y, s0);
      ap += aStep;
      bp += bStep;
    }
    s0.intoArray(c, c0);
  }
}
