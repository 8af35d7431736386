package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.treepo4j.grading.Answer.Bracketed;
import org.treepo4j.grading.Answer.SetOf;
import org.treepo4j.grading.Answer.Union;

/** Equality of unions of intervals and points as sets of numbers: [1,2]∪[2,3] is [1,3]. */
final class IntervalEquality {
  private static final int MAX_PARTS = 30;
  private static final Expression INFINITY = new Expression.Symbol("∞");

  private final ExpressionEquality expressions;

  IntervalEquality(ExpressionEquality expressions) {
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

  boolean equal(Union union, Answer other) {
    List<Interval> left = new ArrayList<>();
    List<Interval> right = new ArrayList<>();
    if (!collect(union, left) || !collect(other, right)) {
      return false;
    }
    try {
      return same(merged(left), merged(right));
    } catch (UnorderedException e) {
      return false;
    }
  }

  private static boolean collect(Answer set, List<Interval> into) {
    if (into.size() > MAX_PARTS) {
      return false;
    }
    if (set instanceof Union union) {
      return union.items().stream().allMatch(item -> collect(item, into));
    } else if (set instanceof SetOf points) {
      return points.items().stream().allMatch(item -> point(item, into));
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
    return value.equals(Expression.negative(INFINITY)) ? -1 : 0;
  }
}
