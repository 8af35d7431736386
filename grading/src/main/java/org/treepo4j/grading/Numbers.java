package org.treepo4j.grading;

import java.math.BigInteger;
import org.apache.commons.math3.fraction.BigFraction;
import org.treepo4j.grading.Budget.LimitException;

/** Exact numbers from their digits. */
final class Numbers {
  private static final int MAX_DIGITS = 2000;

  private Numbers() {}

  /** A number as the lexer spells it: digits, a point, a period in brackets, a power of ten. */
  static Expression.Number parse(String spelled) {
    int power = spelled.indexOf('e');
    String mantissa = power < 0 ? spelled : spelled.substring(0, power);
    if (mantissa.length() > MAX_DIGITS) {
      throw new LimitException();
    }
    int open = mantissa.indexOf('[');
    String fixed = open < 0 ? mantissa : mantissa.substring(0, open);
    BigFraction value = decimal(fixed);
    int decimals = decimals(fixed);
    if (open >= 0) {
      String period = mantissa.substring(open + 1, mantissa.length() - 1);
      BigInteger nines = BigInteger.TEN.pow(period.length()).subtract(BigInteger.ONE);
      BigInteger scale = BigInteger.TEN.pow(decimals);
      value = value.add(new BigFraction(new BigInteger(period), nines.multiply(scale)));
      decimals = 0;
    }
    if (power >= 0) {
      String exponent = spelled.substring(power + 1);
      int tens = small(exponent.replaceFirst("^[+-]", ""), 1000);
      BigFraction scale = new BigFraction(BigInteger.TEN.pow(tens));
      boolean small = exponent.startsWith("-");
      value = small ? value.divide(scale) : value.multiply(scale);
      decimals = Math.max(0, small ? decimals + tens : decimals - tens);
    }
    return new Expression.Number(value, decimals);
  }

  private static BigFraction decimal(String digits) {
    int decimals = decimals(digits);
    BigInteger unscaled = new BigInteger(digits.replace(".", ""));
    return decimals == 0
        ? new BigFraction(unscaled)
        : new BigFraction(unscaled, BigInteger.TEN.pow(decimals));
  }

  private static int decimals(String digits) {
    int point = digits.indexOf('.');
    return point < 0 ? 0 : digits.length() - point - 1;
  }

  /** A small whole number, as of roots and powers of ten. */
  static int small(String digits, int max) {
    if (digits.isEmpty() || digits.length() > 4 || !digits.chars().allMatch(Character::isDigit)) {
      throw new NotUnderstoodException("whole number expected, was " + digits);
    }
    int value = Integer.parseInt(digits);
    if (value > max) {
      throw new LimitException();
    }
    return value;
  }

  static boolean isProperFraction(String top, String bottom) {
    return top.length() <= 9
        && bottom.length() <= 9
        && (top + bottom).chars().allMatch(Character::isDigit)
        && Integer.parseInt(top) < Integer.parseInt(bottom)
        && !top.equals("0");
  }
}
