package org.treepo4j.grading;

import java.util.List;
import org.apache.commons.math3.fraction.BigFraction;

/** ± and ∓: the same sign wherever they stand in one expression. */
final class PlusMinus {
  static final Expression.Symbol SIGN = new Expression.Symbol("±");

  private PlusMinus() {}

  static boolean isIn(Expression expression) {
    return expression.contains(SIGN.name());
  }

  /** Both values of a scalar with ±. */
  static List<Answer> values(Answer.Scalar scalar) {
    return List.of(
        new Answer.Scalar(with(scalar.value(), BigFraction.ONE), scalar.measure()),
        new Answer.Scalar(with(scalar.value(), BigFraction.MINUS_ONE), scalar.measure()));
  }

  private static Expression with(Expression expression, BigFraction sign) {
    return expression.equals(SIGN)
        ? new Expression.Number(sign, 0)
        : expression.map(part -> with(part, sign));
  }
}
