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
  private final boolean rounded;

  ScalarEquality(ExpressionEquality expressions, boolean rounded) {
    this.expressions = expressions;
    this.rounded = rounded;
  }

  boolean equal(Scalar a, Scalar b) {
    String left = a.value().mark();
    String right = b.value().mark();
    if (left.equals(right)) {
      return a.measure().fits(b.measure()) && measured(a, b);
    }
    if (right.isEmpty()) {
      return markedEquals(a, left, b);
    }
    return left.isEmpty() && markedEquals(b, right, a);
  }

  private boolean measured(Scalar a, Scalar b) {
    Unit x = a.measure().unit();
    Unit y = b.measure().unit();
    return x.equals(y) || !a.measure().convertsTo(b.measure())
        ? values(a.value(), b.value())
        : values(inBaseUnits(a.value(), x), inBaseUnits(b.value(), y));
  }

  private boolean markedEquals(Scalar marked, String mark, Scalar plain) {
    Unit unit = plain.measure().unit();
    if (mark.equals("°") && unit.powers().containsKey(Units.TEMPERATURE)) {
      return values(marked.value(), plain.value());
    }
    boolean radians = mark.equals("°") && unit.equals(Units.find("radian").orElseThrow());
    if (!radians && !(unit.isOne() && marked.measure().fits(plain.measure()))) {
      return false;
    }
    Expression size = mark.equals("%") ? PERCENT : DEGREE;
    return (!radians && values(marked.value(), plain.value()))
        || expressions.equal(new Expression.Product(List.of(marked.value(), size)), plain.value());
  }

  private static Expression inBaseUnits(Expression value, Unit unit) {
    Expression scaled =
        new Expression.Product(List.of(value, new Expression.Number(unit.factor(), 0)));
    return unit.zero().equals(BigFraction.ZERO)
        ? scaled
        : new Expression.Sum(List.of(scaled, new Expression.Number(unit.zero(), 0)));
  }

  private boolean values(Expression a, Expression b) {
    return expressions.equal(a, b) || isRounded(a, b) || isRounded(b, a);
  }

  /** Whether a decimal with many digits is a rounded or cut rational of unending digits. */
  private boolean isRounded(Expression decimal, Expression exact) {
    if (!(decimal instanceof Expression.Number number)
        || number.decimals() < (rounded ? 1 : ROUNDED_DECIMALS)
        || !ExpressionEquality.isConstant(exact)) {
      return false;
    }
    if (rounded) {
      return isWithinHalf(number, exact);
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

  /** Whether a constant, also an irrational one, rounds to a decimal at its last digit. */
  private boolean isWithinHalf(Expression.Number decimal, Expression exact) {
    BigInteger parts = BigInteger.TEN.pow(decimal.decimals()).shiftLeft(1);
    BigFraction half = new BigFraction(BigInteger.ONE, parts);
    Optional<Integer> low = sign(exact, decimal.value().subtract(half));
    Optional<Integer> high = sign(exact, decimal.value().add(half));
    return low.isPresent() && high.isPresent() && low.get() >= 0 && high.get() <= 0;
  }

  /** The sign of a − b, where it is certain. */
  private Optional<Integer> sign(Expression a, BigFraction b) {
    return expressions.sign(Expression.difference(a, new Expression.Number(b, 0)));
  }

  private static boolean isDecimal(BigFraction value) {
    BigInteger rest = value.getDenominator();
    rest = rest.shiftRight(rest.getLowestSetBit());
    BigInteger fives = BigInteger.valueOf(5).pow(rest.bitLength() / 2 + 1);
    return fives.mod(rest).signum() == 0;
  }
}
