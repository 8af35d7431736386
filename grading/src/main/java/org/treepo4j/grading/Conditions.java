package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.treepo4j.grading.Answer.Relation;
import org.treepo4j.grading.Answer.Scalar;
import org.treepo4j.grading.Answer.SetOf;
import org.treepo4j.grading.Answer.Several;
import org.treepo4j.grading.Answer.Union;

/**
 * Conditions on one variable as the set of numbers they hold for: "x &gt; 3 and x &lt; 5" is (3,5),
 * "x &lt; 3 or x &gt; 5" a union, "x &lt; 3 and x &gt; 5" neither.
 */
final class Conditions {
  private final Intervals intervals;

  Conditions(Intervals intervals) {
    this.intervals = intervals;
  }

  /**
   * Items of a list with the signs between them. Where all are relations, "and" and "or" join them
   * to conditions; otherwise they only list, as commas do: "3 or 5" are both solutions.
   *
   * @param signs each of , ∧ ∨; one less than items
   */
  static List<Answer> joined(List<Answer> items, List<String> signs) {
    boolean and = signs.contains("∧");
    boolean or = signs.contains("∨");
    if (or && items.stream().allMatch(Conditions::isName)) {
      return List.of(new Answer.Conditions(false, items)); // "red or blue" are not both
    }
    if ((!and && !or) || !areConditions(items, or)) {
      return items;
    }
    if (!and || !or) {
      return List.of(new Answer.Conditions(and, items)); // a comma is what follows it
    }
    if (signs.contains(",")) {
      throw new NotUnderstoodException("a list with commas, and, or");
    }
    List<Answer> either = new ArrayList<>();
    List<Answer> both = new ArrayList<>(List.of(items.get(0)));
    for (int i = 1; i < items.size(); i++) {
      if (signs.get(i - 1).equals("∨")) {
        either.add(all(both));
        both = new ArrayList<>();
      }
      both.add(items.get(i));
    }
    either.add(all(both));
    return List.of(new Answer.Conditions(false, either));
  }

  /** Words, or the letter of a statement or choice. */
  private static boolean isName(Answer item) {
    return item instanceof Answer.Words
        || (Equivalence.isBare(item) && AnswerParser.scalar(item) instanceof Expression.Symbol);
  }

  /** Equations in one variable are only listed, "x = 1 and x = 2"; about others "or" counts. */
  private static boolean areConditions(List<Answer> items, boolean or) {
    boolean equations = true;
    Set<String> letters = new HashSet<>();
    for (Answer item : items) {
      if (item instanceof Answer.Conditions) {
        equations = false;
      } else if (item instanceof Relation relation) {
        equations &= relation.isChainOf("=");
        relation.name().ifPresent(name -> letters.add(name.split("_", 2)[0]));
      } else {
        return false;
      }
    }
    return !equations || (or && letters.size() > 1);
  }

  /** Conditions that all hold, as they stand behind the bar of a set. */
  static Answer all(List<Answer> items) {
    return items.size() == 1 ? items.get(0) : new Answer.Conditions(true, List.copyOf(items));
  }

  /** Whether conditions are on one real variable and nothing else. */
  static boolean areAbout(Answer condition, String variable) {
    if (condition instanceof Answer.Conditions conditions) {
      return conditions.items().stream().allMatch(item -> areAbout(item, variable));
    }
    return solutionOf(condition).filter(solution -> solution.isOf(variable)).isPresent();
  }

  /** The numbers for which a condition holds, or several; empty where they are not known. */
  Optional<RealSets.Solution> solution(Answer answer) {
    if (answer instanceof Answer.Conditions conditions) {
      return conditions.all()
          ? solved(conditions.items()).flatMap(this::intersection)
          : solved(conditions.items()).map(Conditions::union);
    }
    if (answer instanceof Several several) {
      return listed(several.items());
    }
    return solutionOf(answer);
  }

  /**
   * Behind commas: cases where no number is in two of them (x &lt; 3, x &gt; 5), otherwise
   * inequalities that all hold (x &gt; 3, x &lt; 5).
   */
  private Optional<RealSets.Solution> listed(List<Answer> items) {
    if (items.stream().noneMatch(item -> item instanceof Relation r && !r.isChainOf("="))) {
      return Optional.empty();
    }
    boolean equations = items.stream().anyMatch(i -> i instanceof Relation r && r.isChainOf("="));
    Optional<List<RealSets.Solution>> cases = solved(items);
    if (cases.isEmpty()) {
      return Optional.empty();
    }
    if (areApart(cases.get())) {
      return cases.map(Conditions::union);
    }
    return equations ? Optional.empty() : intersection(cases.get());
  }

  private boolean areApart(List<RealSets.Solution> cases) {
    for (int i = 0; i < cases.size(); i++) {
      for (int j = 0; j < i; j++) {
        if (!intervals.areApart(cases.get(i).set(), cases.get(j).set())) {
          return false;
        }
      }
    }
    return true;
  }

  /** The solution of each item, where all are on the same variable. */
  private Optional<List<RealSets.Solution>> solved(List<Answer> items) {
    List<RealSets.Solution> solutions = new ArrayList<>();
    for (Answer item : items) {
      Optional<RealSets.Solution> solution = solution(item);
      if (solution.isEmpty()
          || (!solutions.isEmpty()
              && !solution.get().subject().equals(solutions.get(0).subject()))) {
        return Optional.empty();
      }
      solutions.add(solution.get());
    }
    return Optional.of(solutions);
  }

  private static RealSets.Solution union(List<RealSets.Solution> cases) {
    List<Answer> sets = cases.stream().map(RealSets.Solution::set).toList();
    return new RealSets.Solution(cases.get(0).subject(), new Union(sets));
  }

  private Optional<RealSets.Solution> intersection(List<RealSets.Solution> solutions) {
    Optional<Answer> common = Optional.of(solutions.get(0).set());
    for (RealSets.Solution next : solutions.subList(1, solutions.size())) {
      common = common.flatMap(set -> intervals.intersection(set, next.set()));
    }
    return common.map(set -> new RealSets.Solution(solutions.get(0).subject(), set));
  }

  private static Optional<RealSets.Solution> solutionOf(Answer answer) {
    if (!(answer instanceof Relation relation)) {
      return Optional.empty();
    }
    boolean definition = relation.isChainOf("=") || relation.isChainOf("∈");
    if (!definition) {
      return RealSets.of(relation);
    }
    if (relation.name().isEmpty()
        || relation.sides().size() != 2
        || !(relation.sides().get(0) instanceof Scalar subject)) {
      return Optional.empty();
    }
    Answer set = relation.isChainOf("=") ? new SetOf(List.of(relation.last())) : relation.last();
    return Optional.of(new RealSets.Solution(subject.value(), set));
  }
}
