package org.treepo4j.checkpoints;

/** The 16-bit format with float32's exponent and 7 bits of significand ("brain float"). */
public final class Bf16 {
  private static final int QUIET = 0x0040;

  private Bf16() {}

  /** The number of these bits, exactly; every NaN keeps its bits. */
  public static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The nearest representable number, ties to even; too large becomes infinite, NaN stays NaN. */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      int kept = bits >>> 16;
      return (short) ((kept & 0x7f) == 0 ? kept | QUIET : kept);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
