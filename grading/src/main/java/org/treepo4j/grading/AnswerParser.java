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
  private final QuantityParser quantities;

  private AnswerParser(List<Token> tokens, Budget budget) {
    this.cursor = new TokenCursor(tokens);
    this.budget = budget;
    this.expressions = new ExpressionParser(cursor, this, budget);
    this.quantities = new QuantityParser(cursor, expressions);
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

  /** The number that an answer is, to calculate with: it has no unit, which would be lost. */
  static Expression bare(Answer answer) {
    if (answer instanceof Answer.Scalar scalar && !scalar.measure().equals(Measure.NONE)) {
      throw new NotUnderstoodException("arithmetic with units");
    }
    return scalar(answer);
  }

  private Answer several() {
    return several(items());
  }

  private static Answer several(List<Answer> items) {
    return items.size() == 1 ? items.get(0) : new Answer.Several(items);
  }

  /** Items between commas; where there are semicolons too, these separate groups of items. */
  private List<Answer> items() {
    List<List<Answer>> groups = new ArrayList<>();
    do {
      groups.add(listed());
    } while (cursor.accept(";"));
    if (groups.size() == 1 || groups.stream().allMatch(group -> group.size() == 1)) {
      return groups.stream().flatMap(List::stream).toList();
    }
    return groups.stream().map(AnswerParser::several).toList();
  }

  private List<Answer> listed() {
    List<Answer> items = new ArrayList<>(List.of(relation()));
    List<String> signs = new ArrayList<>();
    while (true) {
      if (isJoining(cursor.peek())) {
        String sign = cursor.take().text();
        while (isJoining(cursor.peek())) {
          sign = cursor.take().text(); // ", and"
        }
        signs.add(sign);
        items.add(relation());
      } else if (cursor.peek().kind() == Token.Kind.NUMBER) {
        signs.add(",");
        items.add(smallerUnit(items.get(items.size() - 1)));
      } else {
        return Conditions.joined(items, signs);
      }
    }
  }

  /** The 30 minutes of "2 hours 30 minutes". */
  private Answer smallerUnit(Answer before) {
    Answer next = relation();
    if (before instanceof Answer.Scalar larger
        && next instanceof Answer.Scalar smaller
        && !larger.measure().unit().isOne()
        && larger.measure().unit().powers().equals(smaller.measure().unit().powers())) {
      return next;
    }
    throw new NotUnderstoodException("a number right behind " + before);
  }

  private static boolean isJoining(Token token) {
    return token.is(",") || token.is("∧") || token.is("∨");
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
      if (relations.isEmpty() && isLetter(sides.get(0))) {
        cursor.take();
        return approximated(sides.get(0), start);
      }
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

  private static boolean isLetter(Answer side) {
    return side instanceof Answer.Scalar scalar
        && scalar.value() instanceof Expression.Symbol symbol
        && symbol.name().length() == 1
        && !"πei∞".contains(symbol.name());
  }

  /** x ≈ 11 says what x is. */
  private Answer approximated(Answer name, int start) {
    String written = cursor.since(start).get(0).text();
    Answer value = union();
    budget.leave();
    return new Answer.Relation(List.of(name, value), List.of("="), Optional.of(written));
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
      if (depth == 0 && (isJoining(token) || token.is(";") || isClosing(token))) {
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
    if (cursor.peek().is("∩") || cursor.peek().is("∖")) {
      return new Answer.SetOperation(cursor.take().text(), first, ratio());
    }
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
    Answer first = quantities.quantity();
    if (!cursor.peek().is(":") || !(first instanceof Answer.Scalar)) {
      return first;
    }
    List<Answer> terms = new ArrayList<>(List.of(first));
    while (cursor.accept(":")) {
      Answer term = quantities.quantity();
      scalar(term);
      terms.add(term);
    }
    StringBuilder written = new StringBuilder();
    for (Token token : cursor.since(start)) {
      written.append(token.kind() == Token.Kind.TEXT ? "" : token.text());
    }
    return new Answer.Ratio(terms, written.toString());
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
    Optional<Answer> condition = open.is("⦃") ? condition() : Optional.empty();
    if (condition.isPresent()) {
      budget.leave();
      return condition.get();
    }
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

  /** Behind the brace of {x | x > 3}: the condition, where it is one of the real number x. */
  private Optional<Answer> condition() {
    int start = cursor.position();
    Token variable = cursor.take();
    boolean real = !cursor.accept("∈") || cursor.take().text().equals(RealSets.NAME);
    boolean of = cursor.accept("|") || cursor.accept(":");
    if (variable.kind() == Token.Kind.SYMBOL
        && real
        && of
        && cursor.peek().kind() != Token.Kind.END) {
      int depth = budget.depth();
      try {
        Answer condition = Conditions.all(listed());
        if (cursor.accept("⦄") && Conditions.areAbout(condition, variable.text())) {
          return Optional.of(condition);
        }
      } catch (NotUnderstoodException e) {
        budget.returnTo(depth);
      }
    }
    cursor.moveTo(start);
    return Optional.empty();
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
        row.add(bare(expressions.sum()));
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
