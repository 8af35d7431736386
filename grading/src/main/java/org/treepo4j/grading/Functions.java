package org.treepo4j.grading;

import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import org.apache.commons.math3.fraction.BigFraction;
import org.apache.commons.math3.util.CombinatoricsUtils;
import org.treepo4j.grading.Budget.LimitException;
import org.treepo4j.grading.Evaluator.UndefinedException;
import org.treepo4j.grading.Expression.Call;
import org.treepo4j.grading.Expression.Power;
import org.treepo4j.grading.Expression.Symbol;

/**
 * Values of functions. What has no exact value here is known by its name and argument only, so it
 * equals itself and nothing else.
 */
final class Functions {
  private static final int MAX_FACTORIAL = 500;

  private final Evaluator evaluator;
  private final Point point;
  private final RadicalBase base;
  private final Budget budget;
  private final Trigonometry trigonometry;

  Functions(Evaluator evaluator, Point point, RadicalBase base, Budget budget) {
    this.evaluator = evaluator;
    this.point = point;
    this.base = base;
    this.budget = budget;
    this.trigonometry = new Trigonometry(evaluator, point, base, budget);
  }

  Surd value(Call call) {
    List<Expression> arguments = call.arguments();
    Expression first = arguments.get(0);
    return switch (call.function()) {
      case "abs" -> absolute(evaluator.value(first));
      case "factorial" -> factorial(whole(first));
      case "binom" -> binomial(first, arguments.get(1));
      case "floor" -> floor(evaluator.value(first));
      case "ceil" -> {
        Surd negated = evaluator.value(Expression.negative(first));
        yield Surd.ZERO.minus(floor(negated), budget);
      }
      case "ln" -> logarithm(first);
      case "log" ->
          logarithm(first)
              .times(
                  logarithm(arguments.size() > 1 ? arguments.get(1) : Expression.integer(10))
                      .inverse(budget),
                  budget);
      case "sin", "cos", "tan", "cot", "sec", "csc" -> trigonometry.value(call.function(), first);
      case "arcsin", "arccos", "arctan" ->
          trigonometry
              .inverse(call.function().substring("arc".length()), evaluator.value(first))
              .orElseGet(() -> unknown(call));
      default -> unknown(call);
    };
  }

  private Surd unknown(Call call) {
    Surd argument = evaluator.value(call.arguments().get(0));
    return Surd.of(point.unknown(call.function() + " " + argument.terms()));
  }

  private Surd absolute(Surd value) {
    int sign =
        value.sign().orElseThrow(() -> new NotUnderstoodException("size of a complex number"));
    return sign < 0 ? Surd.ZERO.minus(value, budget) : value;
  }

  private Surd floor(Surd value) {
    BigFraction rational =
        value.rational().orElseThrow(() -> new NotUnderstoodException("floor of a root"));
    BigInteger[] parts = rational.getNumerator().divideAndRemainder(rational.getDenominator());
    boolean below = parts[1].signum() < 0;
    return Surd.of(new BigFraction(below ? parts[0].subtract(BigInteger.ONE) : parts[0]));
  }

  private int whole(Expression expression) {
    Optional<BigFraction> value = evaluator.value(expression).rational();
    if (value.isEmpty()
        || !Budget.isInteger(value.get())
        || value.get().compareTo(BigFraction.ZERO) < 0) {
      throw new NotUnderstoodException("factorial of something else than a whole number");
    }
    if (value.get().compareTo(new BigFraction(MAX_FACTORIAL)) > 0) {
      throw new LimitException();
    }
    return value.get().intValue();
  }

  private Surd factorial(int n) {
    BigInteger product = BigInteger.ONE;
    for (int i = 2; i <= n; i++) {
      budget.spend(1);
      product = product.multiply(BigInteger.valueOf(i));
    }
    return Surd.of(new BigFraction(product));
  }

  private Surd binomial(Expression top, Expression bottom) {
    int n = whole(top);
    int k = whole(bottom);
    if (k > n) {
      return Surd.ZERO;
    }
    if (n <= 60) {
      return Surd.of(new BigFraction(CombinatoricsUtils.binomialCoefficient(n, k)));
    }
    return factorial(n).times(factorial(k).times(factorial(n - k), budget).inverse(budget), budget);
  }

  /** The natural logarithm as a sum of logarithms of atoms, which are known by name only. */
  private Surd logarithm(Expression argument) {
    if (argument instanceof Symbol symbol && symbol.name().equals("e")) {
      return Surd.of(BigFraction.ONE);
    }
    if (argument instanceof Power power) {
      Surd exponent = evaluator.value(power.exponent());
      boolean positive = evaluator.value(power.base()).sign().orElse(-1) > 0;
      if (positive && exponent.sign().isPresent()) {
        return logarithm(power.base()).times(exponent, budget);
      }
    }
    Surd value = evaluator.value(argument);
    if (value.sign().orElse(-1) <= 0) {
      throw new UndefinedException();
    }
    if (value.terms().size() != 1) {
      return Surd.of(point.unknown("ln " + value.terms()));
    }
    Radical radical = value.terms().firstKey();
    BigFraction coefficient = value.terms().get(radical);
    Surd sum = Surd.ZERO;
    for (Surd.Term factor : base.factors(coefficient.getNumerator())) {
      sum = sum.plus(logarithmOfAtom(factor), budget);
    }
    for (Surd.Term factor : base.factors(coefficient.getDenominator())) {
      sum = sum.minus(logarithmOfAtom(factor), budget);
    }
    for (var factor : radical.powers().entrySet()) {
      Radical atom = Radical.of(factor.getKey(), BigFraction.ONE);
      sum = sum.plus(logarithmOfAtom(new Surd.Term(atom, factor.getValue())), budget);
    }
    return sum;
  }

  private Surd logarithmOfAtom(Surd.Term power) {
    BigFraction unknown = point.unknown("ln " + power.radical().powers().firstKey());
    return Surd.of(unknown.multiply(power.coefficient()));
  }
}
