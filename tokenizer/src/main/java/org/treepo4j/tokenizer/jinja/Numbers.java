package org.treepo4j.tokenizer.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Python's numbers: whole ones without bounds, floats, and booleans that count as 0 and 1. */
final class Numbers {
  /** Whole numbers of more bits are refused: only a hostile template makes them. */
  private static final int MAX_BITS = 100_000;

  private Numbers() {}

  static boolean isNumber(Object value) {
    return value instanceof Number || value instanceof Boolean;
  }

  static boolean isWhole(Object value) {
    return value instanceof Long
        || value instanceof BigInteger
        || value instanceof Integer
        || value instanceof Boolean;
  }

  static BigInteger big(Object value) {
    if (value instanceof BigInteger big) {
      return big;
    } else if (value instanceof Boolean bool) {
      return bool ? BigInteger.ONE : BigInteger.ZERO;
    }
    return BigInteger.valueOf(((Number) value).longValue());
  }

  /** A Long where it fits. */
  static Object shrink(BigInteger value) {
    if (value.bitLength() > MAX_BITS) {
      throw JinjaException.of("OverflowError", "whole number too large");
    }
    return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
  }

  static double asDouble(Object value) {
    if (value instanceof Boolean bool) {
      return bool ? 1 : 0;
    }
    return ((Number) value).doubleValue();
  }

  /** A whole number that counts or indexes something. */
  static long index(Object value) {
    if (value instanceof Boolean bool) {
      return bool ? 1 : 0;
    } else if (value instanceof Long || value instanceof Integer) {
      return ((Number) value).longValue();
    } else if (value instanceof BigInteger big) {
      return big.signum() > 0 ? Long.MAX_VALUE : Long.MIN_VALUE;
    } else if (value instanceof Values.Undefined undefined) {
      throw undefined.error();
    }
    throw JinjaException.type(
        "'" + Values.typeName(value) + "' object cannot be interpreted as an integer");
  }

  static int compare(Object left, Object right) {
    if (isWhole(left) && isWhole(right)) {
      return big(left).compareTo(big(right));
    }
    double a = asDouble(left);
    double b = asDouble(right);
    return Double.compare(a == 0 ? 0.0 : a, b == 0 ? 0.0 : b);
  }

  /** {@code left operator right} for two numbers. */
  static Object arithmetic(String operator, Object left, Object right) {
    if (operator.equals("/")) {
      return divide(left, right);
    }
    if (isWhole(left) && isWhole(right)) {
      return whole(operator, big(left), big(right));
    }
    double a = asDouble(left);
    double b = asDouble(right);
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "//" -> Math.floor(a / nonZero(b));
      case "%" -> {
        double rest = a % nonZero(b);
        yield rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
      }
      case "**" -> Math.pow(a, b);
      default -> throw new AssertionError(operator);
    };
  }

  private static Object whole(String operator, BigInteger a, BigInteger b) {
    return switch (operator) {
      case "+" -> shrink(a.add(b));
      case "-" -> shrink(a.subtract(b));
      case "*" -> shrink(a.multiply(b));
      case "//", "%" -> {
        nonZero(b.signum());
        BigInteger[] both = a.divideAndRemainder(b);
        boolean adjust = both[1].signum() != 0 && both[1].signum() != b.signum();
        yield operator.equals("%")
            ? shrink(adjust ? both[1].add(b) : both[1])
            : shrink(adjust ? both[0].subtract(BigInteger.ONE) : both[0]);
      }
      case "**" -> {
        if (b.signum() < 0) {
          yield Math.pow(a.doubleValue(), b.doubleValue());
        }
        if (b.bitLength() > 31 || (double) a.bitLength() * b.intValue() > MAX_BITS) {
          throw JinjaException.of("OverflowError", "whole number too large");
        }
        yield shrink(a.pow(b.intValue()));
      }
      default -> throw new AssertionError(operator);
    };
  }

  private static Object divide(Object left, Object right) {
    double b = nonZero(asDouble(right));
    return asDouble(left) / b;
  }

  private static double nonZero(double divisor) {
    if (divisor == 0) {
      throw JinjaException.of("ZeroDivisionError", "division by zero");
    }
    return divisor;
  }

  static Object negate(Object value) {
    return isWhole(value) ? shrink(big(value).negate()) : (Object) (-asDouble(value));
  }

  /** {@code int(value)} of a float: its whole part. */
  static Object truncate(double value) {
    return shrink(new BigDecimal(value).toBigInteger());
  }
}
