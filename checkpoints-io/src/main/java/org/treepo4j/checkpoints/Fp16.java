package org.treepo4j.checkpoints;

/** IEEE 754 binary16: 5 bits of exponent and 10 bits of significand. */
public final class Fp16 {
  private static final int SIGN = 0x8000;
  private static final int INFINITY = 0x7c00;
  private static final int QUIET = 0x0200;
  private static final int EXPONENT_BIAS_CHANGE = (127 - 15) << 23;
  private static final float SUBNORMAL_UNIT = 0x1p-24f;

  private Fp16() {}

  /** The number of these bits, exactly; every NaN keeps its sign and significand. */
  public static float toFloat(short bits) {
    int sign = (bits & SIGN) << 16;
    int magnitude = bits & 0x7fff;
    if (magnitude >= INFINITY) {
      return Float.intBitsToFloat(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
    }
    if (magnitude < 0x0400) {
      return Float.intBitsToFloat(sign | Float.floatToRawIntBits(magnitude * SUBNORMAL_UNIT));
    }
    return Float.intBitsToFloat(sign | ((magnitude << 13) + EXPONENT_BIAS_CHANGE));
  }

  /**
   * The nearest representable number, ties to even; 65520 and beyond becomes infinite, NaN stays
   * NaN.
   */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = (bits >>> 16) & SIGN;
    int magnitude = bits & 0x7fffffff;
    if (Float.isNaN(value)) {
      int kept = (magnitude >>> 13) & 0x3ff;
      return (short) (sign | INFINITY | (kept == 0 ? QUIET : kept));
    }
    if (magnitude >= 0x47800000) {
      return (short) (sign | INFINITY);
    }
    if (magnitude < 0x38800000) {
      // Adding 1/2 makes the adder round to multiples of 2^-24, the subnormal unit, ties to even.
      int rounded = Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + 0.5f);
      return (short) (sign | (rounded - 0x3f000000));
    }
    int rounded = magnitude - EXPONENT_BIAS_CHANGE + 0x0fff + ((magnitude >>> 13) & 1);
    return (short) (sign | rounded >>> 13);
  }
}
