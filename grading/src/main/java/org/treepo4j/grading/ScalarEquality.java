package org.treepo4j.grading;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.Optional;
import org.apache.commons.math3.fraction.BigFraction;
import org.treepo4j.grading.Answer.Scalar;

/**
 * Equality of single values with units. A missing unit fits any, so 28% equals 28 beside 0.28, and
 * 90° equals 90 beside π/2, but no temperature; lengths, times and the like are converted; other
 * units must not differ.
 */
final class ScalarEquality {
  /**
   * From this many decimals on, which have to be that many digits, a decimal may stand for a
   * fraction whose digits do not end. Math-Verify compares decimals rounded to as many.
   */
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

  /**
   * The sum of a quantity's parts in ever smaller units, "5 ft 6 in"; empty where a list is no such
   * quantity: every part but the first is less than one of the unit before it.
   */
  Optional<Scalar> sum(List<Answer> items) {
    Scalar sum = null;
    for (Answer item : items) {
      if (!(item instanceof Scalar part) || !part.measure().isOnlyUnit()) {
        return Optional.empty();
      }
      Unit unit = part.measure().unit();
      if (sum == null) {
        sum = part;
        continue;
      }
      Unit larger = sum.measure().unit();
      BigFraction size = larger.factor().divide(unit.factor());
      Expression rest = new Expression.Number(size, 0);
      boolean follows =
          unit.powers().equals(larger.powers())
              && unit.zero().equals(larger.zero())
              && expressions.sign(part.value()).orElse(-1) >= 0
              && expressions.sign(Expression.difference(part.value(), rest)).orElse(1) < 0;
      if (!follows || size.compareTo(BigFraction.ONE) <= 0) {
        return Optional.empty();
      }
      Expression before = new Expression.Product(List.of(sum.value(), rest));
      sum = new Scalar(new Expression.Sum(List.of(before, part.value())), part.measure());
    }
    return Optional.ofNullable(sum);
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

  /**
   * Whether a decimal with many digits is a rational of unending digits, rounded at its last digit,
   * or cut there and equal where both are rounded to {@link #ROUNDED_DECIMALS}. So 0.666667 and
   * 0.6666666666666666 are 2/3, as programs print it; 0.666666 is not.
   */
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
    BigDecimal digits = decimal(number.value(), number.decimals(), RoundingMode.UNNECESSARY);
    BigFraction value = rational.get();
    boolean cut =
        digits.equals(decimal(value, number.decimals(), RoundingMode.DOWN))
            && digits
                .setScale(ROUNDED_DECIMALS, RoundingMode.HALF_UP)
                .equals(decimal(value, ROUNDED_DECIMALS, RoundingMode.HALF_UP));
    return digits.precision() >= ROUNDED_DECIMALS
        && (cut || digits.equals(decimal(value, number.decimals(), RoundingMode.HALF_UP)));
  }

  private static BigDecimal decimal(BigFraction value, int decimals, RoundingMode rounding) {
    return new BigDecimal(value.getNumerator())
        .divide(new BigDecimal(value.getDenominator()), decimals, rounding);
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
