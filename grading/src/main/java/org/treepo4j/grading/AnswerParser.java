package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parses whole answers: lists, relations, sets, points, intervals, matrices, units and words. */
final class AnswerParser {
  private static final Set<String> RELATIONS = Set.of("=", "≠", "<", "≤", ">", "≥", "∈");
  private static final Set<String> MATRICES =
      Set.of("pmatrix", "bmatrix", "matrix", "smallmatrix", "Bmatrix", "array");

  private final TokenCursor cursor;
  private final Budget budget;
  private final ExpressionParser expressions;

  private AnswerParser(List<Token> tokens, Budget budget) {
    this.cursor = new TokenCursor(tokens);
    this.budget = budget;
    this.expressions = new ExpressionParser(cursor, this, budget);
  }

  /**
   * The answer that the tokens are.
   *
   * @throws NotUnderstoodException if they are none
   */
  static Answer parse(List<Token> tokens, Budget budget) {
    AnswerParser parser = new AnswerParser(tokens, budget);
    Answer answer = parser.several();
    if (!parser.cursor.atEnd()) {
      throw new NotUnderstoodException("unexpected " + parser.cursor.peek());
    }
    answer.measure(budget);
    return answer;
  }

  static Expression scalar(Answer answer) {
    if (answer instanceof Answer.Scalar scalar) {
      return scalar.value();
    }
    throw new NotUnderstoodException("arithmetic needs a number");
  }

  private Answer several() {
    List<Answer> items = items();
    return items.size() == 1 ? items.get(0) : new Answer.Several(items);
  }

  private List<Answer> items() {
    List<Answer> items = new ArrayList<>();
    do {
      items.add(relation());
      while (cursor.peek(1).is(",") && cursor.peek().is(",")) {
        cursor.take(); // ", and"
      }
    } while (cursor.accept(",") || cursor.accept(";"));
    return items;
  }

  private Answer relation() {
    budget.enter();
    int start = cursor.position();
    cursor.accept("≈");
    List<Answer> sides = new ArrayList<>();
    List<String> relations = new ArrayList<>();
    Optional<String> name = Names.read(cursor);
    sides.add(name.isPresent() ? new Answer.Words(name.get()) : union());
    while (RELATIONS.contains(cursor.peek().text())
        && cursor.peek().kind() == Token.Kind.OPERATOR) {
      relations.add(cursor.take().text());
      sides.add(union());
    }
    if (cursor.peek().is("≈")) {
      skipApproximation();
    }
    budget.leave();
    if (relations.isEmpty()) {
      if (name.isPresent()) {
        cursor.moveTo(start);
        return union();
      }
      return sides.get(0);
    }
    if (name.isPresent()) {
      sides.set(0, nameAsValue(start));
    }
    return new Answer.Relation(sides, relations, name);
  }

  /** The name again as an expression, where it is one, to compare whole equations. */
  private Answer nameAsValue(int start) {
    int end = cursor.position();
    cursor.moveTo(start);
    cursor.accept("≈");
    int depth = budget.depth();
    try {
      return union();
    } catch (NotUnderstoodException e) {
      budget.returnTo(depth);
      return new Answer.Words("name");
    } finally {
      cursor.moveTo(end);
    }
  }

  /** After ≈ comes only a rounding of what stands before it. */
  private void skipApproximation() {
    int depth = 0;
    while (!cursor.atEnd()) {
      Token token = cursor.peek();
      if (depth == 0 && (token.is(",") || token.is(";") || isClosing(token))) {
        return;
      }
      depth += "([{⦃⟨".contains(token.text()) && token.kind() == Token.Kind.OPERATOR ? 1 : 0;
      depth -= isClosing(token) ? 1 : 0;
      cursor.take();
    }
  }

  private static boolean isClosing(Token token) {
    return token.kind() == Token.Kind.OPERATOR && ")]}⦄⟩".contains(token.text());
  }

  private Answer union() {
    Answer first = ratio();
    if (!cursor.peek().is("∪")) {
      return first;
    }
    List<Answer> items = new ArrayList<>(List.of(first));
    while (cursor.accept("∪")) {
      items.add(ratio());
    }
    return new Answer.Union(items);
  }

  private Answer ratio() {
    int start = cursor.position();
    Answer first = measured();
    if (!cursor.peek().is(":") || !(first instanceof Answer.Scalar)) {
      return first;
    }
    List<Answer> terms = new ArrayList<>(List.of(first));
    while (cursor.accept(":")) {
      Answer term = measured();
      scalar(term);
      terms.add(term);
    }
    StringBuilder written = new StringBuilder();
    for (Token token : cursor.since(start)) {
      written.append(token.kind() == Token.Kind.TEXT ? "" : token.text());
    }
    return new Answer.Ratio(terms, written.toString());
  }

  /** A value with the unit behind it, or only words. */
  private Answer measured() {
    if (cursor.peek().kind() == Token.Kind.TEXT) {
      return new Answer.Words(words());
    }
    Answer value = expressions.sum();
    if (cursor.peek().kind() != Token.Kind.TEXT) {
      return value;
    }
    String words = words();
    int power = 1;
    if (cursor.accept("^")) {
      boolean braced = cursor.accept("{");
      power = Numbers.small(cursor.take().text(), 9);
      if (braced) {
        cursor.expect("}");
      }
    }
    return value instanceof Answer.Scalar scalar ? measured(scalar.value(), words, power) : value;
  }

  private static Answer measured(Expression value, String words, int power) {
    String[] split = words.strip().split("\\s+", 2);
    Optional<Long> scale = Units.scale(split[0]);
    if (scale.isEmpty()) {
      return new Answer.Scalar(value, Units.read(words, power));
    }
    Expression scaled = new Expression.Product(List.of(value, Expression.integer(scale.get())));
    return split.length == 1
        ? Answer.Scalar.of(scaled)
        : new Answer.Scalar(scaled, Units.read(split[1], power));
  }

  private String words() {
    StringBuilder words = new StringBuilder();
    while (cursor.peek().kind() == Token.Kind.TEXT
        || (cursor.peek().is("/") && cursor.peek(1).kind() == Token.Kind.TEXT)) {
      Token token = cursor.take();
      words.append(words.isEmpty() || token.is("/") ? "" : " ").append(token.text());
    }
    return words.toString();
  }

  /** Anything in brackets: a group, point, interval, set or list. */
  Answer group() {
    Token open = cursor.take();
    if (open.is("∅")) {
      return new Answer.SetOf(List.of());
    }
    if (open.kind() != Token.Kind.OPERATOR || !"([{⦃⟨".contains(open.text())) {
      throw new NotUnderstoodException("no value at " + open);
    }
    if (open.is("⦃") && cursor.accept("⦄")) {
      return new Answer.SetOf(List.of());
    }
    budget.enter();
    List<Answer> items = items();
    budget.leave();
    Token close = cursor.take();
    return switch (open.text() + close.text()) {
      case "{}" -> items.size() == 1 ? items.get(0) : new Answer.Several(items);
      case "⦃⦄" -> new Answer.SetOf(items);
      case "()" -> items.size() == 1 ? items.get(0) : new Answer.Bracketed("(", ")", items);
      case "[]" -> items.size() == 1 ? items.get(0) : new Answer.Bracketed("[", "]", items);
      case "⟨⟩" -> new Answer.Bracketed("(", ")", items);
      case "(]", "[)" -> interval(open.text(), close.text(), items);
      default -> throw new NotUnderstoodException("brackets " + open.text() + close.text());
    };
  }

  private static Answer interval(String open, String close, List<Answer> ends) {
    if (ends.size() != 2) {
      throw new NotUnderstoodException("an interval has two ends");
    }
    return new Answer.Bracketed(open, close, ends);
  }

  /** After \begin: the environment's name, its rows and \end. */
  Answer matrix() {
    String name = environment();
    if (!MATRICES.contains(name)) {
      throw new NotUnderstoodException("environment " + name);
    }
    if (name.equals("array") && cursor.accept("{")) {
      while (!cursor.atEnd() && !cursor.accept("}")) {
        cursor.take();
      }
    }
    List<List<Expression>> rows = new ArrayList<>();
    while (!cursor.peek().isCommand("end")) {
      List<Expression> row = new ArrayList<>();
      do {
        row.add(scalar(expressions.sum()));
      } while (cursor.accept("&"));
      rows.add(row);
      if (!cursor.accept("\\\\") && !cursor.peek().isCommand("end")) {
        throw new NotUnderstoodException("end of row expected at " + cursor.peek());
      }
    }
    cursor.take();
    if (!environment().equals(name) || rows.isEmpty()) {
      throw new NotUnderstoodException("matrix without end");
    }
    int width = rows.get(0).size();
    if (rows.stream().anyMatch(row -> row.size() != width)) {
      throw new NotUnderstoodException("rows of different length");
    }
    return new Answer.Matrix(rows);
  }

  private String environment() {
    cursor.expect("{");
    StringBuilder name = new StringBuilder();
    while (!cursor.atEnd() && !cursor.peek().is("}")) {
      name.append(cursor.take().text());
    }
    cursor.expect("}");
    return name.toString();
  }
}
