package org.treepo4j.grading;

import java.math.BigInteger;
import org.apache.commons.math3.fraction.BigFraction;

/**
 * The work one grading may do, counted in steps of about a microsecond, so that the verdict does
 * not depend on the machine's speed.
 */
final class Budget {
  static final int STEPS = 100_000;
  static final int MAX_BITS = 1 << 16;
  static final int MAX_DEPTH = 60;
  static final int MAX_NESTING = 2 * MAX_DEPTH;

  private int left = STEPS;
  private int depth;

  void spend(int steps) {
    left -= steps;
    if (left < 0) {
      throw new LimitException();
    }
  }

  /**
   * Pays for arithmetic on numbers of that many bits together, fractions brought to lowest terms.
   */
  void spendBits(long bits) {
    if (bits > MAX_BITS) {
      throw new LimitException();
    }
    spend(1 + (int) (bits * bits >>> 17));
  }

  void enter() {
    spend(1);
    if (++depth > MAX_DEPTH) {
      throw new LimitException();
    }
  }

  void leave() {
    depth--;
  }

  /** How deep the work is nested now, for {@link #returnTo}. */
  int depth() {
    return depth;
  }

  /** Where work that was left by an exception goes on. */
  void returnTo(int earlierDepth) {
    depth = earlierDepth;
  }

  /** Refuses an expression that holds others more than so many levels deep. */
  static void checkNesting(int levels) {
    if (levels > MAX_NESTING) {
      throw new LimitException();
    }
  }

  static int bits(BigFraction value) {
    return value.getNumerator().bitLength() + value.getDenominator().bitLength();
  }

  static boolean isInteger(BigFraction value) {
    return value.getDenominator().equals(BigInteger.ONE);
  }

  /** The budget is used up; caught by the grader, never seen outside. */
  static final class LimitException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LimitException() {
      super("grading limit reached", null, false, false);
    }
  }
}
