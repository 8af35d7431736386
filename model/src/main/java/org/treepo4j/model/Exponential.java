package org.treepo4j.model;

/**
 * The exponential function for softmax: several times faster than {@link Math#exp} on a whole
 * vocabulary, and made of plain arithmetic, so that every JVM and processor gives the same bits.
 *
 * <p>{@code exp(x) = 2^(k/128) · exp(r)} with {@code k} the nearest integer to {@code 128 x / ln 2}
 * and {@code |r| ≤ ln 2 / 256}; the first factor is looked up, the second a polynomial (Tang,
 * 1989).
 */
final class Exponential {
  private static final int STEPS_LOG2 = 7;
  private static final int STEPS = 1 << STEPS_LOG2;
  private static final int MANTISSA_BITS = 52;

  /** Adding it leaves the nearest integer in the lowest bits of the mantissa. */
  private static final double ROUNDING = 0x1.8p52;

  private static final double STEPS_PER_LN2 = STEPS / 0.693147180559945309417;

  /** ln 2 / 128 in two parts; the first has trailing zeros, so that k times it is exact. */
  private static final double STEP_HIGH = 0x1.62e42fefap-8;

  private static final double STEP_LOW = 0x1.cf79abc9e3b3ap-47;

  private static final long[] POWERS = new long[STEPS];

  static {
    for (int i = 0; i < STEPS; i++) {
      POWERS[i] = Double.doubleToRawLongBits(StrictMath.pow(2, i / (double) STEPS));
    }
  }

  private Exponential() {}

  /**
   * Relative error below 1e-15.
   *
   * @param x within −700..700
   */
  static double of(double x) {
    double shifted = x * STEPS_PER_LN2 + ROUNDING;
    int k = (int) Double.doubleToRawLongBits(shifted);
    double steps = shifted - ROUNDING;
    double r = x - steps * STEP_HIGH - steps * STEP_LOW;
    double power =
        Double.longBitsToDouble(
            POWERS[k & (STEPS - 1)] + ((long) (k >> STEPS_LOG2) << MANTISSA_BITS));
    double tail = r + r * r * (0.5 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120))));
    return power + power * tail;
  }
}
