package org.treepo4j.model.vector;

import static jdk.incubator.vector.VectorOperators.ADD;
import static org.treepo4j.model.vector.GemmKernel.LANES;
import static org.treepo4j.model.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;

/** Short loops over one row of numbers. */
final class RowMath {
  private RowMath() {}

  /** Σ a·b. */
  static float dot(float[] a, int a0, float[] b, int b0, int n) {
    FloatVector sum = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      sum =
          FloatVector.fromArray(SPECIES, a, a0 + i)
              .fma(FloatVector.fromArray(SPECIES, b, b0 + i), sum);
    }
    float total = sum.reduceLanes(ADD);
    for (; i < n; i++) {
      total += a[a0 + i] * b[b0 + i];
    }
    return total;
  }

  /** to += from. */
  static void add(float[] from, int from0, float[] to, int to0, int n) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector.fromArray(SPECIES, to, to0 + i)
          .add(FloatVector.fromArray(SPECIES, from, from0 + i))
          .intoArray(to, to0 + i);
    }
    for (; i < n; i++) {
      to[to0 + i] += from[from0 + i];
    }
  }

  /** to = from · factor; the two may be the same. */
  static void scale(float[] from, int from0, float factor, float[] to, int to0, int n) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector.fromArray(SPECIES, from, from0 + i).mul(factor).intoArray(to, to0 + i);
    }
    for (; i < n; i++) {
      to[to0 + i] = from[from0 + i] * factor;
    }
  }
}
