package org.treepo4j.grading;

import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import org.apache.commons.math3.fraction.BigFraction;
import org.treepo4j.grading.Answer.Scalar;

/**
 * Equality of single values with units. A missing unit fits any; 28% equals 28 and 0.28; 90° equals
 * 90 and π/2; lengths, times and the like are converted; other units must not differ.
 */
final class ScalarEquality {
  /** From this many decimals on, a decimal may stand for a fraction that rounds to it. */
  private static final int ROUNDED_DECIMALS = 6;

  private static final Expression PERCENT = new Expression.Number(new BigFraction(1, 100), 0);
  private static final Expression DEGREE =
      new Expression.Product(
          List.of(new Expression.Symbol("π"), new Expression.Number(new BigFraction(1, 180), 0)));

  private final ExpressionEquality expressions;

  ScalarEquality(ExpressionEquality expressions) {
    this.expressions = expressions;
  }

  boolean equal(Scalar a, Scalar b) {
    String left = mark(a);
    String right = mark(b);
    if (left.equals(right)) {
      return measured(a, b);
    }
    if (right.isEmpty()) {
      return markedEquals(a, left, b);
    }
    return left.isEmpty() && markedEquals(b, right, a);
  }

  private boolean measured(Scalar a, Scalar b) {
    Optional<Units.Unit> x = a.unit();
    Optional<Units.Unit> y = b.unit();
    if (x.isEmpty() || y.isEmpty() || x.equals(y)) {
      return values(a.value(), b.value());
    }
    return x.get().dimension().equals(y.get().dimension())
        && values(times(a.value(), x.get().factor()), times(b.value(), y.get().factor()));
  }

  private boolean markedEquals(Scalar marked, String mark, Scalar plain) {
    if (plain.unit().isPresent()) {
      return false;
    }
    Expression unit = mark.equals("%") ? PERCENT : DEGREE;
    return values(marked.value(), plain.value())
        || expressions.equal(new Expression.Product(List.of(marked.value(), unit)), plain.value());
  }

  private static Expression times(Expression value, BigFraction factor) {
    return new Expression.Product(List.of(value, new Expression.Number(factor, 0)));
  }

  /** "%", "°" or "", also where the unit is written in words. */
  private static String mark(Scalar scalar) {
    String dimension = scalar.unit().map(Units.Unit::dimension).orElse("");
    return switch (dimension) {
      case "percent" -> "%";
      case "degree" -> "°";
      default -> scalar.value().mark();
    };
  }

  private boolean values(Expression a, Expression b) {
    return expressions.equal(a, b) || isRounded(a, b) || isRounded(b, a);
  }

  /** Whether a decimal with many digits is a rounded or cut rational of unending digits. */
  private boolean isRounded(Expression decimal, Expression exact) {
    if (!(decimal instanceof Expression.Number number)
        || number.decimals() < ROUNDED_DECIMALS
        || !ExpressionEquality.isConstant(exact)) {
      return false;
    }
    Optional<BigFraction> rational = expressions.rational(exact);
    if (rational.isEmpty() || isDecimal(rational.get())) {
      return false;
    }
    BigFraction difference = rational.get().subtract(number.value()).abs();
    BigFraction unit = new BigFraction(BigInteger.ONE, BigInteger.TEN.pow(number.decimals()));
    boolean cut =
        rational.get().abs().compareTo(number.value().abs()) > 0 && difference.compareTo(unit) < 0;
    return cut || difference.multiply(2).compareTo(unit) <= 0;
  }

  private static boolean isDecimal(BigFraction value) {
    BigInteger rest = value.getDenominator();
    rest = rest.shiftRight(rest.getLowestSetBit());
    BigInteger fives = BigInteger.valueOf(5).pow(rest.bitLength() / 2 + 1);
    return fives.mod(rest).signum() == 0;
  }
}
