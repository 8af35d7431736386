package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.grading.Expression.Marked;

/**
 * Parses sums and products. Anything in brackets goes through the {@link AnswerParser}, so values
 * are answers here, and arithmetic is done on scalars and matrices only.
 */
final class ExpressionParser {
  private final TokenCursor cursor;
  private final AnswerParser answers;
  private final FactorParser factors;
  private final Budget budget;

  ExpressionParser(TokenCursor cursor, AnswerParser answers, Budget budget) {
    this.cursor = cursor;
    this.answers = answers;
    this.budget = budget;
    this.factors = new FactorParser(cursor, answers, this, budget);
  }

  /** A sum: terms joined by + - ±. */
  Answer sum() {
    budget.enter();
    Answer first = term();
    List<Expression> terms = new ArrayList<>();
    while (isSign(cursor.peek())) {
      Token sign = cursor.take();
      Answer next = term();
      if (first instanceof Answer.Matrix left && next instanceof Answer.Matrix right) {
        first = Matrices.sum(left, right, sign.is("-"), budget);
        continue;
      }
      if (terms.isEmpty()) {
        terms.add(AnswerParser.bare(first));
      }
      terms.add(signed(sign, AnswerParser.bare(next)));
    }
    budget.leave();
    return terms.isEmpty() ? first : Answer.Scalar.of(new Expression.Sum(terms));
  }

  private static boolean isSign(Token token) {
    return token.kind() == Token.Kind.OPERATOR && "+-±∓".contains(token.text());
  }

  private static Expression signed(Token sign, Expression value) {
    return switch (sign.text()) {
      case "-" -> Expression.negative(value);
      case "±" -> new Expression.Product(List.of(PlusMinus.SIGN, value));
      case "∓" ->
          new Expression.Product(List.of(Expression.Number.MINUS_ONE, PlusMinus.SIGN, value));
      default -> value;
    };
  }

  /** A product: factors joined by * / or nothing, with signs before them. */
  private Answer term() {
    budget.enter();
    try {
      if (isSign(cursor.peek())) {
        Token sign = cursor.take();
        Answer value = term();
        return sign.is("-") && value instanceof Answer.Matrix matrix
            ? Matrices.scaled(Expression.Number.MINUS_ONE, matrix)
            : Answer.Scalar.of(signed(sign, AnswerParser.bare(value)));
      }
      Answer product = factors.factor();
      while (true) {
        Token next = cursor.peek();
        boolean rate = next.is("/") && cursor.peek(1).kind() == Token.Kind.TEXT;
        if (!rate && (next.is("*") || next.is("/"))) {
          cursor.take();
          Answer right = isSign(cursor.peek()) ? signedFactor() : factors.factor();
          product = next.is("*") ? times(product, right) : over(product, right);
        } else if (factors.startsImplicitly(next) || isBehindFactorial(next)) {
          product = times(product, factors.factor());
        } else {
          return product;
        }
      }
    } finally {
      budget.leave();
    }
  }

  /** The 3 of 2!3!; a number behind anything else is doubtful. */
  private boolean isBehindFactorial(Token next) {
    return next.kind() == Token.Kind.NUMBER && cursor.peek(-1).is("!") && cursor.peek(1).is("!");
  }

  private Answer signedFactor() {
    Token sign = cursor.take();
    return Answer.Scalar.of(signed(sign, AnswerParser.bare(factors.factor())));
  }

  private Answer times(Answer left, Answer right) {
    if (left instanceof Answer.Matrix a && right instanceof Answer.Matrix b) {
      return Matrices.product(a, b, budget);
    }
    if (right instanceof Answer.Matrix matrix) {
      return Matrices.scaled(AnswerParser.bare(left), matrix);
    }
    if (left instanceof Answer.Matrix matrix) {
      return Matrices.scaled(AnswerParser.bare(right), matrix);
    }
    return Answer.Scalar.of(product(AnswerParser.bare(left), AnswerParser.bare(right)));
  }

  private static Answer over(Answer left, Answer right) {
    Expression bottom = AnswerParser.bare(right);
    if (left instanceof Answer.Matrix matrix) {
      return Matrices.scaled(new Expression.Power(bottom, Expression.Number.MINUS_ONE), matrix);
    }
    return Answer.Scalar.of(Expression.quotient(AnswerParser.bare(left), bottom));
  }

  private static Expression product(Expression left, Expression right) {
    List<Expression> parts = new ArrayList<>();
    if (left instanceof Expression.Product p) {
      parts.addAll(p.factors());
    } else {
      parts.add(left);
    }
    parts.add(right);
    return new Expression.Product(parts);
  }

  /** What a function written without brackets applies to: the factors up to the next sign. */
  Expression functionArgument() {
    if (cursor.peek().is("(") || cursor.peek().is("{") || cursor.peek().is("[")) {
      return AnswerParser.bare(factors.group());
    }
    Expression argument = null;
    while (argument == null || isPlainFactor(cursor.peek())) {
      if (argument == null && cursor.accept("-")) {
        budget.enter();
        Expression negative = Expression.negative(functionArgument());
        budget.leave();
        return negative;
      }
      Expression next = AnswerParser.bare(factors.factor());
      argument = argument == null ? next : product(argument, next);
      if (next instanceof Marked) {
        break;
      }
    }
    return argument;
  }

  private static boolean isPlainFactor(Token token) {
    return token.kind() == Token.Kind.NUMBER
        || token.kind() == Token.Kind.SYMBOL
        || token.isCommand("frac")
        || token.isCommand("sqrt");
  }
}
