package org.treepo4j.engines.vector;

import static jdk.incubator.vector.VectorOperators.AND;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.IS_NAN;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.treepo4j.checkpoints.Bf16;

/** Rounding of float32 to bfloat16: to nearest, ties to even; a NaN stays one. */
public final class Bf16Rounding {
  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(SPECIES.vectorBitSize() / 2));
  private static final int HALF = 16;
  private static final int QUIET_NAN = 0x7FC00000;

  private Bf16Rounding() {}

  /** Rounds {@code from[at .. at+n)} to {@code to[0 .. n)}. */
  public static void round(int n, float[] from, int at, short[] to) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector numbers = FloatVector.fromArray(SPECIES, from, at + i);
      IntVector bits = numbers.reinterpretAsInts();
      IntVector odd = bits.lanewise(LSHR, HALF).lanewise(AND, 1);
      VectorMask<Integer> nan = numbers.test(IS_NAN).cast(INTS);
      IntVector rounded = bits.add(odd.add(0x7FFF)).blend(QUIET_NAN, nan);
      ShortVector halves = (ShortVector) rounded.lanewise(LSHR, HALF).convertShape(I2S, SHORTS, 0);
      halves.intoArray(to, i);
    }
    for (; i < n; i++) {
      to[i] = Bf16.fromFloat(from[at + i]);
    }
  }
}
