package org.treepo4j.grading;

import java.util.List;
import java.util.Optional;

/** An answer as it was understood. */
sealed interface Answer {

  /** A number or expression, perhaps with a unit. */
  record Scalar(Expression value, Measure measure) implements Answer {
    static Scalar of(Expression value) {
      return new Scalar(value, Measure.NONE);
    }
  }

  /** Values one beside the other, in any order. */
  record Several(List<Answer> items) implements Answer {}

  /** A set in braces; order and repetition do not matter. */
  record SetOf(List<Answer> items) implements Answer {}

  /** A point, vector or interval, with its brackets. */
  record Bracketed(String open, String close, List<Answer> items) implements Answer {}

  /** A union of sets, in any order. */
  record Union(List<Answer> items) implements Answer {}

  /** What two sets have in common (∩), or what of the first is not in the second (∖). */
  record SetOperation(String sign, Answer left, Answer right) implements Answer {}

  /** A matrix by rows, all of the same length. */
  record Matrix(List<List<Expression>> rows) implements Answer {}

  /**
   * 2:3, or a time of day.
   *
   * @param written its spelling without units
   */
  record Ratio(List<Answer> terms, String written) implements Answer {}

  /**
   * Equations, inequalities and memberships, also in chains.
   *
   * @param sides one more than relations
   * @param relations each of = ≠ &lt; ≤ &gt; ≥ ∈
   * @param name what the first side names ("x", "f(x)", "(p,q)"), if it is only a name
   */
  record Relation(List<Answer> sides, List<String> relations, Optional<String> name)
      implements Answer {
    boolean isChainOf(String relation) {
      return relations.stream().allMatch(relation::equals);
    }

    Answer last() {
      return sides.get(sides.size() - 1);
    }
  }

  /**
   * Relations joined by "and" or "or", where that makes a difference: as inequalities and
   * memberships, or about several variables.
   *
   * @param all whether all of them hold, not one of them
   */
  record Conditions(boolean all, List<Answer> items) implements Answer {}

  /** Words. */
  record Words(String text) implements Answer {}

  /** Pays for every expression in this answer and refuses those that are nested too deep. */
  default void measure(Budget budget) {
    if (this instanceof Scalar scalar) {
      scalar.value().measure(budget);
    } else if (this instanceof Matrix matrix) {
      matrix.rows().forEach(row -> row.forEach(cell -> cell.measure(budget)));
    } else {
      parts().forEach(part -> part.measure(budget));
    }
  }

  private List<Answer> parts() {
    if (this instanceof Several several) {
      return several.items;
    } else if (this instanceof SetOf set) {
      return set.items;
    } else if (this instanceof Bracketed bracketed) {
      return bracketed.items;
    } else if (this instanceof Union union) {
      return union.items;
    } else if (this instanceof SetOperation operation) {
      return List.of(operation.left, operation.right);
    } else if (this instanceof Conditions conditions) {
      return conditions.items;
    } else if (this instanceof Ratio ratio) {
      return ratio.terms;
    } else if (this instanceof Relation relation) {
      return relation.sides;
    }
    return List.of();
  }
}
