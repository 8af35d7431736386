package org.treepo4j.grading;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Inequalities in one variable as intervals, so that x &lt; 3 equals (-∞, 3). */
final class RealSets {
  private static final Answer INFINITY = Answer.Scalar.of(new Expression.Symbol("∞"));
  private static final Answer MINUS_INFINITY =
      Answer.Scalar.of(Expression.negative(new Expression.Symbol("∞")));

  /** The set of real numbers, as a symbol. */
  static final String NAME = "mathbb R";

  static final Answer REALS = new Answer.Bracketed("(", ")", List.of(MINUS_INFINITY, INFINITY));

  private RealSets() {}

  /** A set that words stand for. */
  static Optional<Answer> named(String words) {
    return switch (words.toLowerCase(Locale.ROOT)) {
      case "all real numbers", "all reals", "real numbers" -> Optional.of(REALS);
      case "no solution", "no solutions", "empty set", "the empty set" ->
          Optional.of(new Answer.SetOf(List.of()));
      default -> Optional.empty();
    };
  }

  /** What is between the bounds. */
  record Solution(Expression subject, Answer set) {
    boolean isOf(String variable) {
      return subject.equals(new Expression.Symbol(variable));
    }
  }

  static Optional<Solution> of(Answer.Relation relation) {
    if (relation.relations().stream().anyMatch(r -> r.equals("=") || r.equals("∈"))
        || relation.sides().stream().anyMatch(side -> !(side instanceof Answer.Scalar))) {
      return Optional.empty();
    }
    List<Answer> sides = relation.sides();
    List<String> signs = relation.relations();
    if (signs.size() == 1) {
      return isSubject(sides.get(0)) && isBound(sides.get(1))
          ? single(sides.get(0), signs.get(0), sides.get(1))
          : isSubject(sides.get(1)) && isBound(sides.get(0))
              ? single(sides.get(1), mirrored(signs.get(0)), sides.get(0))
              : Optional.empty();
    }
    if (signs.size() == 2
        && isSubject(sides.get(1))
        && isBound(sides.get(0))
        && isBound(sides.get(2))) {
      return between(sides, signs);
    }
    return Optional.empty();
  }

  private static Optional<Solution> single(Answer subject, String sign, Answer bound) {
    Answer set =
        switch (sign) {
          case "<" -> new Answer.Bracketed("(", ")", List.of(MINUS_INFINITY, bound));
          case "≤" -> new Answer.Bracketed("(", "]", List.of(MINUS_INFINITY, bound));
          case ">" -> new Answer.Bracketed("(", ")", List.of(bound, INFINITY));
          case "≥" -> new Answer.Bracketed("[", ")", List.of(bound, INFINITY));
          default ->
              new Answer.Union(
                  List.of(
                      new Answer.Bracketed("(", ")", List.of(MINUS_INFINITY, bound)),
                      new Answer.Bracketed("(", ")", List.of(bound, INFINITY))));
        };
    return Optional.of(new Solution(AnswerParser.scalar(subject), set));
  }

  private static Optional<Solution> between(List<Answer> sides, List<String> signs) {
    boolean rising = "<≤".contains(signs.get(0)) && "<≤".contains(signs.get(1));
    boolean falling = ">≥".contains(signs.get(0)) && ">≥".contains(signs.get(1));
    if (!rising && !falling) {
      return Optional.empty();
    }
    int low = rising ? 0 : 1;
    String open = "<>".contains(signs.get(low)) ? "(" : "[";
    String close = "<>".contains(signs.get(1 - low)) ? ")" : "]";
    List<Answer> ends =
        rising ? List.of(sides.get(0), sides.get(2)) : List.of(sides.get(2), sides.get(0));
    return Optional.of(
        new Solution(AnswerParser.scalar(sides.get(1)), new Answer.Bracketed(open, close, ends)));
  }

  static String mirrored(String sign) {
    return switch (sign) {
      case "<" -> ">";
      case ">" -> "<";
      case "≤" -> "≥";
      case "≥" -> "≤";
      default -> sign;
    };
  }

  /** A variable, or f(x). */
  private static boolean isSubject(Answer side) {
    Expression value = AnswerParser.scalar(side);
    return value instanceof Expression.Symbol
        || (value instanceof Expression.Product product
            && product.factors().size() == 2
            && product.factors().stream().allMatch(f -> f instanceof Expression.Symbol));
  }

  private static boolean isBound(Answer side) {
    boolean[] bound = {true};
    AnswerParser.scalar(side)
        .visit(
            part -> {
              if (part instanceof Expression.Symbol symbol) {
                bound[0] &= "πe∞".contains(symbol.name());
              }
            });
    return bound[0];
  }
}
