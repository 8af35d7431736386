package org.treepo4j.grading;

import java.util.List;
import org.apache.commons.math3.fraction.BigFraction;
import org.treepo4j.grading.Expression.Call;
import org.treepo4j.grading.Expression.Marked;

/** Parses a value together with the currency and words before it and the unit behind it. */
final class QuantityParser {
  private final TokenCursor cursor;
  private final ExpressionParser expressions;

  QuantityParser(TokenCursor cursor, ExpressionParser expressions) {
    this.cursor = cursor;
    this.expressions = expressions;
  }

  /** A value with the unit behind it, or only words. */
  Answer quantity() {
    String before = words();
    if (!before.isEmpty() && !startsValue(cursor.peek())) {
      return new Answer.Words(before);
    }
    Measure front = MeasureReader.readBefore(before);
    Answer value = choice();
    String behind = words();
    if (before.isEmpty() && behind.isEmpty()) {
      return value;
    }
    if (value instanceof Answer.Scalar scalar) {
      return measured(scalar.value(), front, behind);
    }
    Measure back = MeasureReader.read(behind, false);
    if (!front.equals(Measure.NONE) || !back.unit().isOne() || !back.isOnlyRemarks()) {
      throw new NotUnderstoodException("a unit without a number: " + behind);
    }
    return value;
  }

  private static Answer measured(Expression value, Measure front, String behind) {
    boolean degrees = value.mark().equals("°");
    Measure measure = MeasureReader.read(behind, degrees).with(front);
    Expression plain =
        value instanceof Marked marked && isTemperature(measure) ? marked.value() : value;
    Expression scaled =
        measure.scale().equals(BigFraction.ONE)
            ? plain
            : new Expression.Product(List.of(plain, new Expression.Number(measure.scale(), 0)));
    boolean unmarked = !measure.mark().isEmpty() && scaled.mark().isEmpty();
    return new Answer.Scalar(
        unmarked ? new Marked(scaled, measure.mark()) : scaled, measure.withoutScale());
  }

  private static boolean isTemperature(Measure measure) {
    return measure.unit().powers().containsKey(Units.TEMPERATURE);
  }

  /** "5 \choose 2" and "a \over b", which stand between their arguments. */
  private Answer choice() {
    Answer value = expressions.sum();
    Token next = cursor.peek();
    if (next.isCommand("choose") || next.isCommand("over")) {
      cursor.take();
      Expression top = AnswerParser.bare(value);
      Expression bottom = AnswerParser.bare(expressions.sum());
      return Answer.Scalar.of(
          next.isCommand("over")
              ? Expression.quotient(top, bottom)
              : new Call("binom", List.of(top, bottom)));
    }
    return value;
  }

  private static boolean startsValue(Token token) {
    return switch (token.kind()) {
      case NUMBER, SYMBOL, FUNCTION -> true;
      case COMMAND -> !token.text().equals("end");
      case OPERATOR -> "-+±([{|".contains(token.text());
      default -> false;
    };
  }

  /** Words with the signs between them: "m/s^2", "dollars per hour". */
  private String words() {
    StringBuilder words = new StringBuilder();
    while (true) {
      Token next = cursor.peek();
      boolean joined = (next.is("/") || next.is("*")) && isWord(cursor.peek(1));
      if (isWord(next) || (joined && (next.is("/") || !words.isEmpty()))) {
        cursor.take();
        words.append(words.isEmpty() || joined ? "" : " ").append(next.text());
      } else if (next.is("^") && !words.isEmpty()) {
        cursor.take();
        words.append('^').append(power());
      } else {
        return words.toString();
      }
    }
  }

  private int power() {
    boolean braced = cursor.accept("{");
    boolean negative = cursor.accept("-");
    int power = Numbers.small(cursor.take().text(), 9);
    if (braced) {
      cursor.expect("}");
    }
    return negative ? -power : power;
  }

  private static boolean isWord(Token token) {
    return token.kind() == Token.Kind.TEXT || token.kind() == Token.Kind.CURRENCY;
  }
}
