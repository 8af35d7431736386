package org.treepo4j.model.vector;

import static jdk.incubator.vector.VectorOperators.LSHL;

import jdk.incubator.vector.FloatVector;

/**
 * The exponential function on whole vectors, to about one unit in the last place.
 *
 * <p>{@code exp(x) = 2^n · exp(r)} with {@code n = round(x / ln 2)} and {@code |r| ≤ ln 2 / 2}; the
 * polynomial is that of the Cephes library's {@code expf} (S. Moshier). {@code n} is found by
 * adding 1.5·2²³, which leaves it in the low bits of the sum, ready to be shifted into the
 * exponent: no conversion instruction is needed, and C2 handles every step on JDK 17.
 */
final class FastExp {
  /** Below this the result would leave the normal range. */
  private static final float LOWEST = -87f;

  private static final float HIGHEST = 88f;
  private static final float ROUND = 12582912f;
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
    FloatVector in = x.max(LOWEST).min(HIGHEST);
    FloatVector shifted = in.mul(LOG2_E).add(ROUND);
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = in.sub(n.mul(LN2_HIGH)).sub(n.mul(LN2_LOW));
    FloatVector p = r.mul(P0).add(P1).mul(r).add(P2).mul(r).add(P3).mul(r).add(P4).mul(r).add(P5);
    FloatVector y = p.mul(r).mul(r).add(r).add(1f);
    return y.reinterpretAsInts()
        .add(shifted.reinterpretAsInts().lanewise(LSHL, MANTISSA_BITS))
        .reinterpretAsFloats();
  }

  /** The same function of one number. */
  static float exp(float x) {
    float in = Math.min(Math.max(x, LOWEST), HIGHEST);
    float shifted = in * LOG2_E + ROUND;
    float n = shifted - ROUND;
    float r = in - n * LN2_HIGH - n * LN2_LOW;
    float p = ((((P0 * r + P1) * r + P2) * r + P3) * r + P4) * r + P5;
    float y = p * r * r + r + 1f;
    return Float.intBitsToFloat(
        Float.floatToRawIntBits(y) + (Float.floatToRawIntBits(shifted) << MANTISSA_BITS));
  }
}
