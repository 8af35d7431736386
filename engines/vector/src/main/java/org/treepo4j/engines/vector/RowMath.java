package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/** Short loops over one row of numbers. */
final class RowMath {
  private static final VectorShuffle<Float> BY_8 = rotation(8);
  private static final VectorShuffle<Float> BY_4 = rotation(4);
  private static final VectorShuffle<Float> BY_2 = rotation(2);
  private static final VectorShuffle<Float> BY_1 = rotation(1);

  private RowMath() {}

  /**
   * Sum of all lanes, in the same order on every JVM. {@code reduceLanes} adds in one order when it
   * is interpreted and, from JDK 21 on, in another when it is compiled: a run would not repeat
   * itself to the bit.
   */
  static float sum(FloatVector x) {
    FloatVector sum = x;
    if (LANES > 16) {
      float[] lanes = x.toArray();
      float total = 0;
      for (float lane : lanes) {
        total += lane;
      }
      return total;
    }
    if (LANES > 8) {
      sum = sum.add(sum.rearrange(BY_8));
    }
    if (LANES > 4) {
      sum = sum.add(sum.rearrange(BY_4));
    }
    if (LANES > 2) {
      sum = sum.add(sum.rearrange(BY_2));
    }
    return sum.add(sum.rearrange(BY_1)).lane(0);
  }

  private static VectorShuffle<Float> rotation(int lanes) {
    return VectorShuffle.iota(SPECIES, lanes % LANES, 1, true);
  }

  /** Σ a·b. */
  static float dot(float[] a, int a0, float[] b, int b0, int n) {
    FloatVector sum = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      sum =
          FloatVector.fromArray(SPECIES, a, a0 + i)
              .fma(FloatVector.fromArray(SPECIES, b, b0 + i), sum);
    }
    float total = sum(sum);
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

  /** to *= from. */
  static void multiply(float[] from, int from0, float[] to, int to0, int n) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector.fromArray(SPECIES, to, to0 + i)
          .mul(FloatVector.fromArray(SPECIES, from, from0 + i))
          .intoArray(to, to0 + i);
    }
    for (; i < n; i++) {
      to[to0 + i] *= from[from0 + i];
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

  /** One number of each of as many rows as a vector has lanes, {@code stride} apart. */
  static void column(float[] rows, int from, int stride, float[] column, int to) {
    for (int lane = 0; lane < LANES; lane++) {
      column[to + lane] = rows[from + lane * stride];
    }
  }
}
