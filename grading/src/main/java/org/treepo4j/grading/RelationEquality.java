package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.treepo4j.grading.Answer.Relation;
import org.treepo4j.grading.Answer.Scalar;

/** Equality of equations, inequalities, memberships and definitions. */
final class RelationEquality {
  private final Equivalence answers;
  private final ExpressionEquality expressions;

  RelationEquality(Equivalence answers, ExpressionEquality expressions) {
    this.answers = answers;
    this.expressions = expressions;
  }

  /**
   * Chains of equations come down to their first name and last value, memberships to the set,
   * calculations without variables to their result.
   */
  Answer simplified(Relation relation) {
    if (relation.isChainOf("∈") && relation.name().isPresent()) {
      return answers.simplified(relation.last());
    }
    if (!relation.isChainOf("=")) {
      return relation;
    }
    boolean calculation = relation.sides().stream().allMatch(RelationEquality::isConstant);
    if (relation.name().isEmpty() && (calculation || relation.sides().size() > 2)) {
      return isTrue(relation) ? answers.simplified(relation.last()) : relation;
    }
    return new Relation(
        List.of(relation.sides().get(0), answers.simplified(relation.last())),
        List.of("="),
        relation.name());
  }

  /** Whether neighbours without variables are equal: "0 = 2" is no way to write 2. */
  private boolean isTrue(Relation relation) {
    for (int i = 1; i < relation.sides().size(); i++) {
      Answer left = relation.sides().get(i - 1);
      Answer right = relation.sides().get(i);
      if (isConstant(left) && isConstant(right) && !answers.equal(left, right)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isConstant(Answer side) {
    return side instanceof Scalar scalar && ExpressionEquality.isConstant(scalar.value());
  }

  boolean equal(Relation a, Relation b) {
    if (a.isChainOf("=") && b.isChainOf("=")) {
      boolean sameName = a.name().isPresent() && a.name().equals(b.name());
      return sameName && answers.equal(a.last(), b.last())
          || (isBinary(a) && isBinary(b) && proportional(a, b, false));
    }
    if (isBinary(a) && isBinary(b)) {
      String left = a.relations().get(0);
      String right = b.relations().get(0);
      if (left.equals("≠") || right.equals("≠")) {
        return left.equals(right) && proportional(a, b, false);
      }
      return left.equals(right) && proportional(a, b, true)
          || (RealSets.mirrored(left).equals(right) && proportional(mirrored(a), b, true));
    }
    return chain(a, b) || chain(mirrored(a), b) || sameSolution(a, b);
  }

  private boolean sameSolution(Relation a, Relation b) {
    Optional<RealSets.Solution> x = RealSets.of(a);
    Optional<RealSets.Solution> y = RealSets.of(b);
    return x.isPresent()
        && y.isPresent()
        && x.get().subject().equals(y.get().subject())
        && answers.equal(x.get().set(), y.get().set());
  }

  /** A definition equals its value, an inequality its set of solutions. */
  boolean equalsValue(Relation relation, Answer value) {
    if (relation.isChainOf("=")) {
      return relation.name().isPresent() && answers.equal(relation.last(), value);
    }
    return !(value instanceof Answer.Several) // a list of inequalities names its variable
        && RealSets.of(relation)
            .filter(solution -> answers.equal(solution.set(), value))
            .isPresent();
  }

  private static boolean isBinary(Relation relation) {
    return relation.sides().size() == 2 && relation.sides().stream().allMatch(Equivalence::isBare);
  }

  private boolean proportional(Relation a, Relation b, boolean positive) {
    return expressions.proportional(difference(a), difference(b), positive);
  }

  private static Expression difference(Relation relation) {
    return Expression.difference(
        AnswerParser.scalar(relation.sides().get(0)), AnswerParser.scalar(relation.sides().get(1)));
  }

  private boolean chain(Relation a, Relation b) {
    if (!a.relations().equals(b.relations())) {
      return false;
    }
    for (int i = 0; i < a.sides().size(); i++) {
      if (!answers.equal(a.sides().get(i), b.sides().get(i))) {
        return false;
      }
    }
    return true;
  }

  private static Relation mirrored(Relation relation) {
    List<Answer> sides = new ArrayList<>(relation.sides());
    Collections.reverse(sides);
    List<String> relations = new ArrayList<>();
    relation.relations().forEach(sign -> relations.add(0, RealSets.mirrored(sign)));
    return new Relation(sides, relations, Optional.empty());
  }
}
