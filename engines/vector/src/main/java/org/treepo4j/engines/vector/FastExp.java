package org.treepo4j.engines.vector;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * The exponential function on whole vectors, to about one unit in the last place.
 *
 * <p>{@code exp(x) = 2^n · exp(r)} with {@code n = round(x / ln 2)} and {@code |r| ≤ ln 2 / 2}; the
 * polynomial is that of the Cephes library's {@code expf} (S. Moshier). {@code n} is found by
 * adding 1.5·2²³, which leaves it in the low bits of the sum, ready to be shifted into an exponent:
 * no conversion instruction is needed, and C2 handles every step on JDK 17. An exponent out of
 * range is held at the border, as an integer: the float minimum of Java costs several instructions.
 * The lower one comes before the subtraction, which overflows where the sum is negative. Between
 * ±10⁹ results are right or at that border; NaN stays NaN.
 */
final class FastExp {
  private static final float ROUND = 12582912f;
  private static final int BIAS = Float.floatToRawIntBits(ROUND) - 127;
  private static final int LOWEST = 1;
  private static final int HIGHEST = 254;
  private static final float LOG2_E = 1.44269504f;
  private static final float LN2_HIGH = 0.693359375f;
  private static final float LN2_LOW = -2.12194440e-4f;
  private static final float P0 = 1.9875691500e-4f;
  private static final float P1 = 1.3981999507e-3f;
  private static final float P2 = 8.3334519073e-3f;
  private static final float P3 = 4.1665795894e-2f;
  private static final float P4 = 1.6666665459e-1f;
  private static final float P5 = 5.0000001201e-1f;
  private static final int MANTISSA_BITS = 23;

  private FastExp() {}

  static FloatVector exp(FloatVector x) {
    FloatVector shifted = x.fma(constant(LOG2_E), constant(ROUND));
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = n.fma(constant(-LN2_LOW), n.fma(constant(-LN2_HIGH), x));
    FloatVector p = r.fma(constant(P0), constant(P1));
    p = p.fma(r, constant(P2));
    p = p.fma(r, constant(P3));
    p = p.fma(r, constant(P4));
    p = p.fma(r, constant(P5));
    FloatVector y = p.mul(r).fma(r, r).add(1f);
    IntVector exponent = shifted.reinterpretAsInts().max(LOWEST + BIAS).sub(BIAS).min(HIGHEST);
    return y.mul(exponent.lanewise(LSHL, MANTISSA_BITS).reinterpretAsFloats());
  }

  private static FloatVector constant(float value) {
    return FloatVector.broadcast(SPECIES, value);
  }

  /** The same function of one number. */
  static float exp(float x) {
    float shifted = Math.fma(x, LOG2_E, ROUND);
    float n = shifted - ROUND;
    float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, x));
    float p = Math.fma(r, P0, P1);
    p = Math.fma(p, r, P2);
    p = Math.fma(p, r, P3);
    p = Math.fma(p, r, P4);
    p = Math.fma(p, r, P5);
    float y = Math.fma(p * r, r, r) + 1f;
    int bits = Math.max(Float.floatToRawIntBits(shifted), LOWEST + BIAS);
    int held = Math.min(bits - BIAS, HIGHEST);
    return y * Float.intBitsToFloat(held << MANTISSA_BITS);
  }
}
