package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.treepo4j.grading.Answer.Bracketed;
import org.treepo4j.grading.Answer.SetOf;
import org.treepo4j.grading.Answer.Union;

/** Sets of numbers as intervals and points, by their members: [1,2]∪[2,3] is [1,3]. */
final class Intervals {
  private static final int MAX_PARTS = 30;
  private static final Expression INFINITY = new Expression.Symbol("∞");
  private static final Expression MINUS_INFINITY = Expression.negative(INFINITY);

  private final ExpressionEquality expressions;

  Intervals(ExpressionEquality expressions) {
    this.expressions = expressions;
  }

  /** From low to high; a point is an interval that is closed and as long as that. */
  private record Interval(Expression low, boolean withLow, Expression high, boolean withHigh) {}

  /** The order of two bounds is not known for certain. */
  private static final class UnorderedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnorderedException() {
      super("bounds are not ordered", null, false, false);
    }
  }

  /** Something to compute of sets whose parts are sorted and do not touch. */
  private interface Computation<T> {
    T of(List<Interval> left, List<Interval> right);
  }

  boolean equal(Union union, Answer other) {
    return compute(union, other, this::same).orElse(false);
  }

  /** What is in both sets; empty where that is nothing, or one is no set of numbers. */
  Optional<Answer> intersection(Answer left, Answer right) {
    return compute(left, right, this::common).flatMap(this::asAnswer);
  }

  /** What is in the first set only; empty where that is nothing, or one is no set of numbers. */
  Optional<Answer> difference(Answer left, Answer right) {
    return compute(left, right, (a, b) -> common(a, complement(b))).flatMap(this::asAnswer);
  }

  /** Whether two sets of numbers have no number in common; false where that is not certain. */
  boolean areApart(Answer left, Answer right) {
    return compute(left, right, (a, b) -> common(a, b).isEmpty()).orElse(false);
  }

  private <T> Optional<T> compute(Answer left, Answer right, Computation<T> computation) {
    List<Interval> a = new ArrayList<>();
    List<Interval> b = new ArrayList<>();
    if (!collect(left, a) || !collect(right, b)) {
      return Optional.empty();
    }
    try {
      return Optional.of(computation.of(merged(a), merged(b)));
    } catch (UnorderedException e) {
      return Optional.empty();
    }
  }

  private Optional<Answer> asAnswer(List<Interval> parts) {
    List<Answer> items = new ArrayList<>();
    for (Interval part : parts) {
      Answer low = Answer.Scalar.of(part.low);
      items.add(
          isPoint(part)
              ? new SetOf(List.of(low))
              : new Bracketed(
                  part.withLow ? "[" : "(",
                  part.withHigh ? "]" : ")",
                  List.of(low, Answer.Scalar.of(part.high))));
    }
    return items.isEmpty()
        ? Optional.empty()
        : Optional.of(items.size() == 1 ? items.get(0) : new Union(items));
  }

  private static boolean collect(Answer set, List<Interval> into) {
    if (into.size() > MAX_PARTS) {
      return false;
    }
    if (set instanceof Union union) {
      return union.items().stream().allMatch(item -> collect(item, into));
    } else if (set instanceof SetOf points) {
      return points.items().stream().allMatch(item -> point(item, into));
    } else if (set.equals(Answer.Scalar.of(new Expression.Symbol(RealSets.NAME)))) {
      return collect(RealSets.REALS, into);
    } else if (set instanceof Bracketed interval && interval.items().size() == 2) {
      Optional<Expression> low = number(interval.items().get(0));
      Optional<Expression> high = number(interval.items().get(1));
      if (low.isEmpty() || high.isEmpty()) {
        return false;
      }
      boolean withLow = interval.open().equals("[");
      boolean withHigh = interval.close().equals("]");
      return into.add(new Interval(low.get(), withLow, high.get(), withHigh));
    }
    return false;
  }

  private static boolean point(Answer item, List<Interval> into) {
    Optional<Expression> value = number(item);
    value.ifPresent(v -> into.add(new Interval(v, true, v, true)));
    return value.isPresent();
  }

  private static Optional<Expression> number(Answer answer) {
    return Optional.of(answer)
        .filter(Equivalence::isBare)
        .map(AnswerParser::scalar)
        .filter(value -> isInfinite(value) || ExpressionEquality.isConstant(value));
  }

  private List<Interval> merged(List<Interval> parts) {
    List<Interval> sorted = new ArrayList<>();
    for (Interval part : parts) {
      if (isEmpty(part)) {
        throw new UnorderedException(); // (5,3) is a slip rather than nothing
      }
      int at = 0;
      while (at < sorted.size() && isBefore(sorted.get(at), part)) {
        at++;
      }
      sorted.add(at, part);
    }
    List<Interval> merged = new ArrayList<>();
    for (Interval part : sorted) {
      Interval last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
      if (last == null || !touches(last, part)) {
        merged.add(part);
      } else {
        merged.set(merged.size() - 1, together(last, part));
      }
    }
    return merged;
  }

  private boolean isEmpty(Interval part) {
    int order = compare(part.low, part.high);
    return order > 0 || (order == 0 && !(part.withLow && part.withHigh));
  }

  private boolean isPoint(Interval part) {
    return compare(part.low, part.high) == 0;
  }

  private boolean isBefore(Interval a, Interval b) {
    int order = compare(a.low, b.low);
    return order < 0 || (order == 0 && a.withLow);
  }

  /** Whether no number lies between an interval and one that begins later. */
  private boolean touches(Interval first, Interval next) {
    int order = compare(next.low, first.high);
    return order < 0 || (order == 0 && (first.withHigh || next.withLow));
  }

  private Interval together(Interval first, Interval next) {
    int order = compare(first.high, next.high);
    Interval longer = order >= 0 ? first : next;
    boolean withHigh = order == 0 ? first.withHigh || next.withHigh : longer.withHigh;
    return new Interval(first.low, first.withLow, longer.high, withHigh);
  }

  private List<Interval> common(List<Interval> left, List<Interval> right) {
    List<Interval> common = new ArrayList<>();
    for (Interval a : left) {
      for (Interval b : right) {
        int lows = compare(a.low, b.low);
        int highs = compare(a.high, b.high);
        boolean withLow = lows == 0 ? a.withLow && b.withLow : lows > 0 ? a.withLow : b.withLow;
        boolean withHigh =
            highs == 0 ? a.withHigh && b.withHigh : highs < 0 ? a.withHigh : b.withHigh;
        Interval both =
            new Interval(lows > 0 ? a.low : b.low, withLow, highs < 0 ? a.high : b.high, withHigh);
        if (!isEmpty(both)) {
          common.add(both);
        }
      }
    }
    return common;
  }

  private List<Interval> complement(List<Interval> parts) {
    List<Interval> gaps = new ArrayList<>();
    Expression low = MINUS_INFINITY;
    boolean withLow = false;
    for (Interval part : parts) {
      gaps.add(new Interval(low, withLow, part.low, !part.withLow));
      low = part.high;
      withLow = !part.withHigh;
    }
    gaps.add(new Interval(low, withLow, INFINITY, false));
    gaps.removeIf(this::isEmpty);
    return gaps;
  }

  private boolean same(List<Interval> a, List<Interval> b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      Interval x = a.get(i);
      Interval y = b.get(i);
      if (x.withLow != y.withLow
          || x.withHigh != y.withHigh
          || compare(x.low, y.low) != 0
          || compare(x.high, y.high) != 0) {
        return false;
      }
    }
    return true;
  }

  private int compare(Expression a, Expression b) {
    if (isInfinite(a) || isInfinite(b)) {
      return Integer.compare(infinity(a), infinity(b));
    }
    return expressions.sign(Expression.difference(a, b)).orElseThrow(UnorderedException::new);
  }

  private static boolean isInfinite(Expression value) {
    return infinity(value) != 0;
  }

  private static int infinity(Expression value) {
    if (value.equals(INFINITY)) {
      return 1;
    }
    return value.equals(MINUS_INFINITY) ? -1 : 0;
  }
}
