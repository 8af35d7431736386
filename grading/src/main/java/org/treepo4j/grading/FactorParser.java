package org.treepo4j.grading;

import java.util.List;
import org.treepo4j.grading.Expression.Call;
import org.treepo4j.grading.Expression.Marked;
import org.treepo4j.grading.Expression.Power;
import org.treepo4j.grading.Expression.Root;
import org.treepo4j.grading.Expression.Symbol;

/** Parses what sums and products are made of: numbers, names, functions, roots, powers, groups. */
final class FactorParser {
  private static final int MAX_ROOT = 60;

  private final TokenCursor cursor;
  private final AnswerParser answers;
  private final ExpressionParser expressions;
  private final Budget budget;
  private int openBars;

  FactorParser(
      TokenCursor cursor, AnswerParser answers, ExpressionParser expressions, Budget budget) {
    this.cursor = cursor;
    this.answers = answers;
    this.expressions = expressions;
    this.budget = budget;
  }

  /** Whether a token continues a product without a sign between. */
  boolean startsImplicitly(Token token) {
    return switch (token.kind()) {
      case SYMBOL, FUNCTION -> true;
      case COMMAND ->
          !token.text().equals("end")
              && !token.text().equals("rfloor")
              && !token.text().equals("rceil")
              && !token.text().equals("choose")
              && !token.text().equals("over");
      case OPERATOR ->
          token.is("(") || token.is("[") || token.is("{") || (token.is("|") && openBars == 0);
      default -> false;
    };
  }

  /** A value with its powers, factorials and marks. */
  Answer factor() {
    budget.enter();
    Answer value = primary();
    while (true) {
      Token next = cursor.peek();
      if (next.is("^")) {
        cursor.take();
        value = raised(value);
      } else if (next.is("!")) {
        cursor.take();
        value = Answer.Scalar.of(new Call("factorial", List.of(AnswerParser.bare(value))));
      } else if (next.is("%") || next.is("°")) {
        cursor.take();
        value = Answer.Scalar.of(new Marked(AnswerParser.bare(value), next.text()));
      } else {
        budget.leave();
        return value;
      }
    }
  }

  private Answer raised(Answer base) {
    if (cursor.accept("°")) {
      return Answer.Scalar.of(new Marked(AnswerParser.bare(base), "°"));
    }
    if (cursor.peek().is("{") && cursor.peek(1).is("°") && cursor.peek(2).is("}")) {
      cursor.moveTo(cursor.position() + 3);
      return Answer.Scalar.of(new Marked(AnswerParser.bare(base), "°"));
    }
    return Answer.Scalar.of(new Power(AnswerParser.bare(base), exponent()));
  }

  private Expression exponent() {
    if (cursor.accept("-")) {
      budget.enter();
      Expression negative = Expression.negative(exponent());
      budget.leave();
      return negative;
    }
    cursor.accept("+");
    if (cursor.peek().is("{") || cursor.peek().is("(")) {
      return AnswerParser.bare(group());
    }
    Expression value = AnswerParser.bare(primary());
    if (!cursor.peek().is("^")) {
      return value;
    }
    cursor.take();
    budget.enter();
    Power tower = new Power(value, exponent());
    budget.leave();
    return tower;
  }

  private Answer primary() {
    while (cursor.peek().kind() == Token.Kind.CURRENCY) {
      cursor.take(); // in "\\$5+\\$3" the first one is read with the sum
    }
    Token token = cursor.peek();
    return switch (token.kind()) {
      case NUMBER -> Answer.Scalar.of(number());
      case SYMBOL -> Answer.Scalar.of(new Symbol(name()));
      case FUNCTION -> Answer.Scalar.of(function());
      case COMMAND -> command();
      case OPERATOR -> token.is("|") ? Answer.Scalar.of(absolute()) : group();
      default -> throw new NotUnderstoodException("no value at " + token);
    };
  }

  private Expression number() {
    Token token = cursor.take();
    if (cursor.peek().is("_")) {
      cursor.take();
      return new Symbol(token.text() + "_" + index());
    }
    Expression whole = Numbers.parse(token.text());
    if (token.text().chars().allMatch(c -> c >= '0' && c <= '9')) {
      Expression part = fractionOfMixedNumber();
      return part == null ? whole : new Expression.Sum(List.of(whole, part));
    }
    return whole;
  }

  /** The fraction in 2\frac{1}{4} or "2 1/4", or null. */
  private Expression fractionOfMixedNumber() {
    int start = cursor.position();
    Token top;
    Token bottom;
    String digits = cursor.peek(1).text();
    if (cursor.peek().isCommand("frac") && digits.length() == 2) { // \frac12
      cursor.moveTo(start + 2);
      top = new Token(Token.Kind.NUMBER, digits.substring(0, 1), false);
      bottom = new Token(Token.Kind.NUMBER, digits.substring(1), false);
    } else if (cursor.peek().isCommand("frac")) {
      cursor.take();
      top = numeral();
      bottom = numeral();
    } else {
      top = numeral();
      bottom = cursor.accept("/") ? numeral() : null;
    }
    if (top != null && bottom != null && Numbers.isProperFraction(top.text(), bottom.text())) {
      return Expression.quotient(Numbers.parse(top.text()), Numbers.parse(bottom.text()));
    }
    cursor.moveTo(start);
    return null;
  }

  private Token numeral() {
    boolean braced = cursor.accept("{");
    Token number = cursor.peek();
    if (number.kind() != Token.Kind.NUMBER) {
      return null;
    }
    cursor.take();
    if (braced && !cursor.accept("}")) {
      return null;
    }
    return number;
  }

  /** A letter with its index and primes, as one name. */
  private String name() {
    StringBuilder name = new StringBuilder(cursor.take().text());
    while (true) {
      if (cursor.accept("_")) {
        name.append('_').append(index());
      } else if (cursor.accept("'")) {
        name.append('\'');
      } else {
        return name.toString();
      }
    }
  }

  /** An index, written out: 1, max, n+1. */
  private String index() {
    if (!cursor.accept("{")) {
      return cursor.take().text();
    }
    StringBuilder index = new StringBuilder();
    int depth = 1;
    while (!cursor.atEnd()) {
      Token token = cursor.take();
      depth += token.is("{") ? 1 : token.is("}") ? -1 : 0;
      if (depth == 0) {
        return index.toString();
      }
      index.append(token.text());
    }
    throw new NotUnderstoodException("index without end");
  }

  private Expression function() {
    String name = cursor.take().text();
    Expression logarithmBase = null;
    Expression power = null;
    while (cursor.peek().is("_") || cursor.peek().is("^")) {
      if (cursor.accept("_")) {
        logarithmBase = argument();
      } else {
        cursor.take();
        power = exponent();
      }
    }
    Expression argument = expressions.functionArgument();
    Expression call =
        switch (name) {
          case "exp" -> new Power(new Symbol("e"), argument);
          case "ln" -> new Call("ln", List.of(argument));
          case "lg" -> new Call("log", List.of(argument));
          default ->
              new Call(
                  name,
                  logarithmBase == null ? List.of(argument) : List.of(argument, logarithmBase));
        };
    if (power == null) {
      return call;
    }
    return power.equals(Expression.Number.MINUS_ONE) && call instanceof Call trigonometric
        ? new Call("arc" + trigonometric.function(), trigonometric.arguments())
        : new Power(call, power);
  }

  private Answer command() {
    Token command = cursor.take();
    return switch (command.text()) {
      case "frac" -> Answer.Scalar.of(Expression.quotient(argument(), argument()));
      case "binom" -> Answer.Scalar.of(new Call("binom", List.of(argument(), argument())));
      case "sqrt" -> Answer.Scalar.of(root());
      case "begin" -> answers.matrix();
      case "lfloor", "lceil" -> {
        Expression inner = AnswerParser.bare(expressions.sum());
        if (!cursor.take().isCommand("r" + command.text().substring(1))) {
          throw new NotUnderstoodException("floor without end");
        }
        yield Answer.Scalar.of(new Call(command.text().substring(1), List.of(inner)));
      }
      default -> throw new NotUnderstoodException("command " + command.text());
    };
  }

  private Expression root() {
    int degree = 2;
    if (cursor.accept("[")) {
      Token number = cursor.take();
      degree = Numbers.small(number.text(), MAX_ROOT);
      cursor.expect("]");
    }
    Token next = cursor.peek();
    if (next.kind() == Token.Kind.NUMBER && next.text().length() > 1 && !next.spaced()) {
      throw new NotUnderstoodException("which digits are under the root?");
    }
    return new Root(degree, next.is("(") ? AnswerParser.bare(group()) : argument());
  }

  /** The argument of a command: a group, a digit or a name. */
  private Expression argument() {
    Token next = cursor.peek();
    if (next.is("{")) {
      return AnswerParser.bare(group());
    }
    if (next.kind() == Token.Kind.NUMBER) {
      return Numbers.parse(cursor.takeDigit().text());
    }
    if (next.kind() == Token.Kind.SYMBOL) {
      return new Symbol(cursor.take().text());
    }
    if (next.kind() == Token.Kind.COMMAND) {
      budget.enter();
      Expression inner = AnswerParser.bare(command());
      budget.leave();
      return inner;
    }
    throw new NotUnderstoodException("argument expected at " + next);
  }

  private Expression absolute() {
    cursor.expect("|");
    openBars++;
    Expression inner = AnswerParser.bare(expressions.sum());
    openBars--;
    cursor.expect("|");
    return new Call("abs", List.of(inner));
  }

  /** Something in brackets or braces; bars opened outside do not count inside. */
  Answer group() {
    int outside = openBars;
    openBars = 0;
    Answer inner = answers.group();
    openBars = outside;
    return inner;
  }
}
