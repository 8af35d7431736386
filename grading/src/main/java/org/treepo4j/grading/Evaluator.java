package org.treepo4j.grading;

import java.math.BigInteger;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.math3.fraction.BigFraction;
import org.treepo4j.grading.Budget.LimitException;
import org.treepo4j.grading.Expression.Call;
import org.treepo4j.grading.Expression.Marked;
import org.treepo4j.grading.Expression.Number;
import org.treepo4j.grading.Expression.Power;
import org.treepo4j.grading.Expression.Product;
import org.treepo4j.grading.Expression.Root;
import org.treepo4j.grading.Expression.Sum;
import org.treepo4j.grading.Expression.Symbol;

/** Evaluates expressions exactly at one point. */
final class Evaluator {
  private static final int MAX_EXPONENT = 20_000;

  /** Rational parts of irrational exponents may have denominators that divide this. */
  private static final int EXPONENT_PARTS = 60;

  private final Point point;
  private final RadicalBase base;
  private final Budget budget;
  private final Functions functions;

  Evaluator(Point point, RadicalBase base, Budget budget) {
    this.point = point;
    this.base = base;
    this.budget = budget;
    this.functions = new Functions(this, point, base, budget);
  }

  Surd value(Expression expression) {
    budget.enter();
    Surd value = evaluate(expression);
    budget.leave();
    return value;
  }

  private Surd evaluate(Expression expression) {
    if (expression instanceof Number number) {
      return Surd.of(number.value());
    } else if (expression instanceof Symbol symbol) {
      return symbol.name().equals("i") ? Surd.I : Surd.of(point.symbol(symbol.name()));
    } else if (expression instanceof Sum sum) {
      Surd total = Surd.ZERO;
      for (Expression term : sum.terms()) {
        total = total.plus(value(term), budget);
      }
      return total;
    } else if (expression instanceof Product product) {
      Surd total = Surd.of(BigFraction.ONE);
      for (Expression factor : product.factors()) {
        total = total.times(value(factor), budget);
      }
      return total;
    } else if (expression instanceof Power power) {
      return power(value(power.base()), value(power.exponent()));
    } else if (expression instanceof Root root) {
      return root(value(root.radicand()), root.degree());
    } else if (expression instanceof Marked marked) {
      return value(marked.value());
    }
    return functions.value((Call) expression);
  }

  private Surd power(Surd powerBase, Surd exponent) {
    Optional<BigFraction> rational = exponent.rational();
    if (rational.isEmpty()) {
      return irrationalPower(powerBase, exponent);
    }
    BigInteger top = rational.get().getNumerator();
    BigInteger bottom = rational.get().getDenominator();
    if (bottom.bitLength() > 6 || top.bitLength() > 62) {
      return hugePower(powerBase, top, bottom);
    }
    if (powerBase.isZero() && top.signum() <= 0) {
      throw new UndefinedException();
    }
    if (Math.abs(top.longValue()) > MAX_EXPONENT) {
      return hugePower(powerBase, top, bottom);
    }
    Surd raised = powerBase.power(top.intValue(), budget);
    return bottom.equals(BigInteger.ONE) ? raised : root(raised, bottom.intValue());
  }

  /** Only 0, 1 and -1 stay within limits. */
  private static Surd hugePower(Surd powerBase, BigInteger top, BigInteger bottom) {
    BigFraction value = powerBase.rational().orElse(BigFraction.TWO);
    boolean odd = top.testBit(0);
    if (!bottom.equals(BigInteger.ONE) || value.abs().compareTo(BigFraction.ONE) > 0) {
      throw new LimitException();
    }
    if (value.equals(BigFraction.ONE) || (value.equals(BigFraction.MINUS_ONE) && !odd)) {
      return Surd.of(BigFraction.ONE);
    }
    if (value.equals(BigFraction.MINUS_ONE)) {
      return powerBase;
    }
    throw new LimitException();
  }

  /** b^(q + r√m) = b^q · (b^√m)^r, where b^√m is known by name only. */
  private Surd irrationalPower(Surd powerBase, Surd exponent) {
    if (exponent.sign().isEmpty() || powerBase.sign().orElse(-1) <= 0) {
      throw new NotUnderstoodException("complex power");
    }
    Surd product = Surd.of(BigFraction.ONE);
    for (Map.Entry<Radical, BigFraction> term : exponent.terms().entrySet()) {
      BigFraction coefficient = term.getValue();
      if (term.getKey().isOne()) {
        product = product.times(power(powerBase, Surd.of(coefficient)), budget);
        continue;
      }
      BigFraction parts = coefficient.multiply(EXPONENT_PARTS);
      if (!Budget.isInteger(parts) || parts.getNumerator().bitLength() > 12) {
        throw new NotUnderstoodException("irrational power");
      }
      Surd unknown = Surd.of(point.unknown(powerBase + "^" + term.getKey()));
      product = product.times(unknown.power(parts.intValue(), budget), budget);
    }
    return product;
  }

  /** The root of a number that may itself be a sum of roots. */
  Surd root(Surd radicand, int degree) {
    if (degree < 1) {
      throw new NotUnderstoodException("root of degree " + degree);
    }
    Optional<BigFraction> rational = radicand.rational();
    if (rational.isPresent()) {
      return base.root(rational.get(), degree);
    }
    if (radicand.terms().size() == 1) {
      return rootOfTerm(radicand, degree);
    }
    if (degree == 2) {
      Optional<Surd> simpler = denested(radicand);
      if (simpler.isPresent()) {
        return simpler.get();
      }
    }
    BigFraction content = content(radicand);
    Surd primitive = radicand.times(Surd.of(content.reciprocal()), budget);
    if (radicand.sign().orElse(-1) < 0) {
      throw new NotUnderstoodException("root of a complex or negative sum");
    }
    Surd unknown = Surd.of(point.unknown("root " + degree + " of " + primitive.terms()));
    return base.root(content, degree).times(unknown, budget);
  }

  /** A root of c·b^p for positive real factors: (c·b^p)^(1/n) = c^(1/n)·b^(p/n). */
  private Surd rootOfTerm(Surd term, int degree) {
    Radical radical = term.terms().firstKey();
    BigFraction coefficient = term.terms().get(radical);
    if (coefficient.compareTo(BigFraction.ZERO) < 0
        || radical.powers().containsKey(BigInteger.ONE.negate())) {
      throw new NotUnderstoodException("root of a complex or negative number");
    }
    Surd root = base.root(coefficient, degree);
    for (Map.Entry<BigInteger, BigFraction> factor : radical.powers().entrySet()) {
      BigFraction power = factor.getValue().divide(degree);
      root =
          root.times(
              Surd.of(new Surd.Term(Radical.of(factor.getKey(), power), BigFraction.ONE)), budget);
    }
    return root;
  }

  /** √(a + b√c) = √((a+s)/2) ± √((a−s)/2) with s = √(a² − b²c), where s is rational. */
  private Optional<Surd> denested(Surd radicand) {
    Radical radical = radicand.terms().lastKey();
    BigFraction a = radicand.terms().get(Radical.ONE);
    if (radicand.terms().size() != 2 || a == null || !radical.isSquareRoot()) {
      return Optional.empty();
    }
    BigFraction b = radicand.terms().get(radical);
    Surd second = Surd.of(new Surd.Term(radical, b));
    BigFraction square = second.times(second, budget).rational().orElseThrow();
    BigFraction rest = a.multiply(a).subtract(square);
    if (a.compareTo(BigFraction.ZERO) <= 0
        || square.compareTo(BigFraction.ZERO) < 0
        || rest.compareTo(BigFraction.ZERO) < 0) {
      return Optional.empty();
    }
    Optional<BigFraction> s = base.root(rest, 2).rational();
    if (s.isEmpty()) {
      return Optional.empty();
    }
    Surd first = base.root(a.add(s.get()).divide(2), 2);
    Surd last = base.root(a.subtract(s.get()).divide(2), 2);
    return Optional.of(
        b.compareTo(BigFraction.ZERO) < 0 ? first.minus(last, budget) : first.plus(last, budget));
  }

  /** The largest rational that divides all coefficients to whole numbers. */
  private BigFraction content(Surd value) {
    BigInteger top = BigInteger.ZERO;
    BigInteger bottom = BigInteger.ONE;
    for (BigFraction coefficient : value.terms().values()) {
      budget.spendBits((long) bottom.bitLength() + Budget.bits(coefficient));
      top = top.gcd(coefficient.getNumerator());
      BigInteger common = bottom.gcd(coefficient.getDenominator());
      bottom = bottom.divide(common).multiply(coefficient.getDenominator());
    }
    return new BigFraction(top, bottom);
  }

  /** A division by zero or logarithm of zero at one point; other points may do. */
  static final class UndefinedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UndefinedException() {
      super("undefined", null, false, false);
    }
  }
}
