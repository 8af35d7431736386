package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.treepo4j.grading.Answer.Bracketed;
import org.treepo4j.grading.Answer.Matrix;
import org.treepo4j.grading.Answer.Ratio;
import org.treepo4j.grading.Answer.Relation;
import org.treepo4j.grading.Answer.Scalar;
import org.treepo4j.grading.Answer.SetOf;
import org.treepo4j.grading.Answer.Several;
import org.treepo4j.grading.Answer.Union;
import org.treepo4j.grading.Answer.Words;
import org.treepo4j.grading.Budget.LimitException;

/** Says whether two understood answers are the same. Symmetric; when in doubt they are not. */
final class Equivalence {
  private static final int MAX_ITEMS = 200;

  private final Budget budget;
  private final ExpressionEquality expressions;
  private final ScalarEquality scalars;
  private final RelationEquality relations;
  private final Intervals intervals;
  private final Conditions conditions;

  /**
   * @param rounded whether a decimal equals what rounds to it at its last digit
   */
  Equivalence(Budget budget, boolean rounded) {
    this.budget = budget;
    this.expressions = new ExpressionEquality(budget);
    this.scalars = new ScalarEquality(expressions, rounded);
    this.relations = new RelationEquality(this, expressions);
    this.intervals = new Intervals(expressions);
    this.conditions = new Conditions(intervals);
  }

  boolean equal(Answer left, Answer right) {
    budget.enter();
    Answer a = simplified(left);
    Answer b = simplified(right);
    boolean equal = a.equals(b) || compare(a, b) || compare(b, a);
    budget.leave();
    return equal;
  }

  /** One direction of the rules; {@link #equal} tries both. */
  private boolean compare(Answer a, Answer b) {
    if (a instanceof Answer.Conditions joined) {
      return conditions(joined, b);
    } else if (b instanceof Answer.Conditions) {
      return false; // the other direction decides
    } else if (a instanceof Relation relation) {
      return b instanceof Relation other
          ? relations.equal(relation, other)
          : relations.equalsValue(relation, b);
    } else if (b instanceof Relation) {
      return false; // the other direction decides
    } else if (a instanceof Scalar x) {
      return b instanceof Scalar y && scalars.equal(x, y);
    } else if (a instanceof Ratio x) {
      return ratio(x, b);
    } else if (a instanceof Bracketed x) {
      return b instanceof Bracketed y
          && x.open().equals(y.open())
          && x.close().equals(y.close())
          && inOrder(x.items(), y.items());
    } else if (a instanceof SetOf x) {
      return b instanceof SetOf y
          ? sameMembers(x.items(), y.items())
          : b instanceof Several z
              ? anyOrder(x.items(), z.items())
              : b instanceof Scalar && x.items().size() == 1 && equal(x.items().get(0), b);
    } else if (a instanceof Several x) {
      return several(x, b);
    } else if (a instanceof Union x) {
      return (b instanceof Union y && anyOrder(x.items(), y.items())) || intervals.equal(x, b);
    } else if (a instanceof Matrix x) {
      return b instanceof Matrix y && matrix(x, y);
    }
    return a instanceof Words x && b instanceof Words y && PlainText.sameWords(x.text(), y.text());
  }

  private boolean several(Several a, Answer b) {
    if (b instanceof Several other) {
      if (haveDistinctNames(a.items()) != haveDistinctNames(other.items())) {
        return inOrder(a.items(), other.items());
      }
      return anyOrder(a.items(), other.items())
          || (areSolutions(a) && areSolutions(other) && sameMembers(a.items(), other.items()));
    }
    if (b instanceof Bracketed point && haveDistinctNames(a.items())) {
      return point.open().equals("(")
          && point.close().equals(")")
          && inOrder(a.items(), point.items());
    }
    if (b instanceof Scalar whole && !whole.measure().unit().isOne()) {
      return scalars.sum(a.items()).filter(sum -> equal(sum, whole)).isPresent();
    }
    return sameSet(a, b);
  }

  private boolean conditions(Answer.Conditions a, Answer b) {
    if (b instanceof Answer.Conditions other
        && a.all() == other.all()
        && anyOrder(a.items(), other.items())) {
      return true;
    }
    boolean listed = a.all() && b instanceof Several && conditions.solution(b).isEmpty();
    return (listed && anyOrder(a.items(), ((Several) b).items())) || sameSet(a, b);
  }

  /** Whether conditions hold for a set of numbers, or for the same as others on one variable. */
  private boolean sameSet(Answer condition, Answer b) {
    Optional<RealSets.Solution> solution = conditions.solution(condition);
    if (solution.isEmpty()) {
      return false;
    }
    if (b instanceof Relation || b instanceof Several || b instanceof Answer.Conditions) {
      return conditions
          .solution(b)
          .filter(other -> other.subject().equals(solution.get().subject()))
          .filter(other -> equal(other.set(), solution.get().set()))
          .isPresent();
    }
    return equal(solution.get().set(), b);
  }

  /** x = 1, y = 2 — but not x_1 = 1, x_2 = 2. */
  private static boolean haveDistinctNames(List<Answer> items) {
    Set<String> letters = new HashSet<>();
    for (Answer item : items) {
      if (!(item instanceof Relation relation)
          || relation.name().isEmpty()
          || !letters.add(relation.name().get().split("_", 2)[0])) {
        return false;
      }
    }
    return true;
  }

  private boolean ratio(Ratio a, Answer b) {
    if (b instanceof Ratio other) {
      if (a.written().equals(other.written())) {
        return inOrder(a.terms(), other.terms()); // a.m. is not p.m.
      }
      boolean bare =
          a.terms().stream().allMatch(Equivalence::isBare)
              && other.terms().stream().allMatch(Equivalence::isBare);
      if (!bare || isTime(a) || isTime(other) || a.terms().size() != other.terms().size()) {
        return false;
      }
      for (int i = 1; i < a.terms().size(); i++) {
        if (!expressions.equal(cross(a, other, i), cross(other, a, i))) {
          return false;
        }
      }
      return true;
    }
    return b instanceof Scalar scalar
        && a.terms().size() == 2
        && !isTime(a)
        && scalar.measure().equals(Measure.NONE)
        && a.terms().stream().allMatch(Equivalence::isBare)
        && expressions.equal(
            Expression.quotient(
                AnswerParser.scalar(a.terms().get(0)), AnswerParser.scalar(a.terms().get(1))),
            scalar.value());
  }

  static boolean isBare(Answer term) {
    return term instanceof Scalar scalar && scalar.measure().equals(Measure.NONE);
  }

  private static Expression cross(Ratio a, Ratio b, int term) {
    return new Expression.Product(
        List.of(AnswerParser.scalar(a.terms().get(0)), AnswerParser.scalar(b.terms().get(term))));
  }

  /** 12:30 may be a time of day, which is no ratio. */
  private static boolean isTime(Ratio ratio) {
    return ratio.written().matches("\\d{1,2}:[0-5]\\d.*");
  }

  private boolean matrix(Matrix a, Matrix b) {
    if (a.rows().size() != b.rows().size() || a.rows().get(0).size() != b.rows().get(0).size()) {
      return false;
    }
    for (int i = 0; i < a.rows().size(); i++) {
      for (int j = 0; j < a.rows().get(i).size(); j++) {
        if (!expressions.equal(a.rows().get(i).get(j), b.rows().get(i).get(j))) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean inOrder(List<Answer> a, List<Answer> b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (!equal(a.get(i), b.get(i))) {
        return false;
      }
    }
    return true;
  }

  /** Equal with repetition: every item has a partner of its own. */
  private boolean anyOrder(List<Answer> a, List<Answer> b) {
    if (a.size() != b.size()) {
      return false;
    }
    checkSize(a);
    List<Answer> open = new ArrayList<>(b);
    for (Answer item : a) {
      int partner = find(item, open);
      if (partner < 0) {
        return false;
      }
      open.remove(partner);
    }
    return true;
  }

  /** Equal as sets are: neither order nor repetition matters. */
  private boolean sameMembers(List<Answer> a, List<Answer> b) {
    return covers(a, b) && covers(b, a);
  }

  /** Points and equations, of which one twice is no more than one; a number twice may be meant. */
  private static boolean areSolutions(Several several) {
    return several.items().stream()
        .allMatch(item -> item instanceof Bracketed || item instanceof Relation || isPoint(item));
  }

  /** p = 5, q = 2 in a list of several such solutions. */
  private static boolean isPoint(Answer item) {
    return item instanceof Several solution && haveDistinctNames(solution.items());
  }

  private boolean covers(List<Answer> all, List<Answer> some) {
    checkSize(all);
    return some.stream().allMatch(item -> find(item, all) >= 0);
  }

  private int find(Answer item, List<Answer> items) {
    for (int i = 0; i < items.size(); i++) {
      if (equal(item, items.get(i))) {
        return i;
      }
    }
    return -1;
  }

  private static void checkSize(List<Answer> items) {
    if (items.size() > MAX_ITEMS) {
      throw new LimitException();
    }
  }

  /** ± written out, lists flat, sets of numbers by their usual names. */
  Answer simplified(Answer answer) {
    if (answer instanceof Scalar scalar) {
      if (PlusMinus.isIn(scalar.value())) {
        return new Several(PlusMinus.values(scalar));
      }
      return scalar.value().equals(new Expression.Symbol(RealSets.NAME)) ? RealSets.REALS : scalar;
    }
    if (answer instanceof Several several) {
      List<Answer> items = new ArrayList<>();
      for (Answer item : several.items()) {
        Answer simple = simplified(item);
        if (simple instanceof Several inner && !isPoint(inner)) {
          items.addAll(inner.items());
        } else {
          items.add(simple);
        }
      }
      return items.size() == 1 ? items.get(0) : new Several(items);
    }
    if (answer instanceof SetOf set && set.items().stream().anyMatch(Equivalence::isPlusMinus)) {
      Answer items = simplified(new Several(set.items()));
      return items instanceof Several several ? new SetOf(several.items()) : answer;
    }
    if (answer instanceof Relation relation) {
      return relations.simplified(relation);
    }
    if (answer instanceof Words words) {
      return RealSets.named(words.text()).orElse(words);
    }
    if (answer instanceof Answer.SetOperation operation) {
      return computed(operation).orElse(operation);
    }
    return answer;
  }

  private Optional<Answer> computed(Answer.SetOperation operation) {
    Answer left = simplified(operation.left());
    Answer right = simplified(operation.right());
    return operation.sign().equals("∩")
        ? intervals.intersection(left, right)
        : intervals.difference(left, right);
  }

  private static boolean isPlusMinus(Answer item) {
    return item instanceof Scalar scalar && PlusMinus.isIn(scalar.value());
  }
}
