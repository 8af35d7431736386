package org.treepo4j.grading;

import java.util.Optional;
import java.util.function.Function;
import org.apache.commons.math3.fraction.BigFraction;
import org.treepo4j.grading.Budget.LimitException;
import org.treepo4j.grading.Evaluator.UndefinedException;

/**
 * Equality of expressions by exact evaluation: constants once, everything with variables at several
 * random points. What cannot be evaluated is only equal to itself.
 */
final class ExpressionEquality {
  private static final int POINTS = 4;
  private static final int ATTEMPTS = 8;

  /** Goes through all signs of three variables. */
  private static final int POINTS_FOR_ROOTS = 16;

  private static final int PASSES = 6;

  private final Budget budget;

  ExpressionEquality(Budget budget) {
    this.budget = budget;
  }

  boolean equal(Expression a, Expression b) {
    if (a.equals(b)) {
      return true;
    }
    if (a instanceof Expression.Number x && b instanceof Expression.Number y) {
      return x.value().equals(y.value());
    }
    return holdsAtPoints(
        a, b, values -> values[0].minus(values[1], budget).isZero() ? BigFraction.ONE : null);
  }

  /**
   * Whether a is a rational multiple of b, as the two sides' differences of equal equations are.
   *
   * @param positive whether the multiple must be positive, as for inequalities
   */
  boolean proportional(Expression a, Expression b, boolean positive) {
    return holdsAtPoints(
        a,
        b,
        values -> {
          if (values[0].isZero() || values[1].isZero()) {
            return null;
          }
          Optional<BigFraction> ratio =
              values[0].times(values[1].inverse(budget), budget).rational();
          return ratio.filter(r -> !positive || r.compareTo(BigFraction.ZERO) > 0).orElse(null);
        });
  }

  /** The value of a constant expression, where it is rational. */
  Optional<BigFraction> rational(Expression constant) {
    return value(constant).flatMap(Surd::rational);
  }

  /** The sign of a constant expression, where it is certain. */
  Optional<Integer> sign(Expression constant) {
    return value(constant).flatMap(Surd::sign);
  }

  private Optional<Surd> value(Expression constant) {
    int depth = budget.depth();
    try {
      return values(constant, constant, new Point(0, constant)).map(values -> values[0]);
    } catch (NotUnderstoodException e) {
      budget.returnTo(depth);
      return Optional.empty();
    }
  }

  /** Whether the comparison gives the same number (not null) at all points. */
  private boolean holdsAtPoints(
      Expression a, Expression b, Function<Surd[], BigFraction> comparison) {
    boolean roots = hasRoots(a) || hasRoots(b);
    int attempts = roots ? POINTS_FOR_ROOTS : ATTEMPTS;
    int wanted = isConstant(a) && isConstant(b) ? 1 : roots ? POINTS_FOR_ROOTS : POINTS;
    BigFraction expected = null;
    int held = 0;
    int depth = budget.depth();
    try {
      for (int round = 0; round < attempts && held < wanted; round++) {
        Optional<Surd[]> values = values(a, b, new Point(round, a, b));
        if (values.isEmpty()) {
          continue;
        }
        BigFraction found = comparison.apply(values.get());
        if (found == null || (expected != null && !expected.equals(found))) {
          return false;
        }
        expected = found;
        held++;
      }
    } catch (NotUnderstoodException e) {
      budget.returnTo(depth);
      return false;
    }
    return held >= Math.min(wanted, POINTS);
  }

  /** Both values over one base of radicals, computed again while the base gets finer. */
  private Optional<Surd[]> values(Expression a, Expression b, Point point) {
    boolean real = point.hasVariables() && !a.contains("i") && !b.contains("i");
    RadicalBase base = new RadicalBase(budget, real);
    int depth = budget.depth();
    try {
      for (int pass = 0; pass < PASSES; pass++) {
        int before = base.refinements();
        Evaluator evaluator = new Evaluator(point, base, budget);
        Surd[] values = {evaluator.value(a), evaluator.value(b)};
        if (base.refinements() == before) {
          return Optional.of(values);
        }
      }
    } catch (UndefinedException e) {
      budget.returnTo(depth);
      return Optional.empty();
    }
    throw new LimitException();
  }

  /** Roots, absolute values and fractional powers of variables depend on signs. */
  private static boolean hasRoots(Expression expression) {
    boolean[] found = {false};
    expression.visit(
        part ->
            found[0] |=
                (part instanceof Expression.Root
                        || (part instanceof Expression.Call call && call.function().equals("abs"))
                        || (part instanceof Expression.Power power
                            && !(power.exponent() instanceof Expression.Number)))
                    && !isConstant(part));
    return found[0];
  }

  static boolean isConstant(Expression expression) {
    boolean[] constant = {true};
    expression.visit(
        part -> {
          if (part instanceof Expression.Symbol symbol) {
            constant[0] &= symbol.name().equals("i");
          } else if (part instanceof Expression.Call) {
            constant[0] = false;
          }
        });
    return constant[0];
  }
}
