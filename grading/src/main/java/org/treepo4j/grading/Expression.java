package org.treepo4j.grading;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.commons.math3.fraction.BigFraction;

/** An arithmetic expression. */
sealed interface Expression {
  /**
   * An exact number.
   *
   * @param decimals digits after the decimal point, as written
   */
  record Number(BigFraction value, int decimals) implements Expression {
    static final Number MINUS_ONE = new Number(BigFraction.MINUS_ONE, 0);
  }

  /** A variable, constant or name, with its index. */
  record Symbol(String name) implements Expression {}

  record Sum(List<Expression> terms) implements Expression {}

  record Product(List<Expression> factors) implements Expression {}

  record Power(Expression base, Expression exponent) implements Expression {}

  /** The real root for odd degrees, the principal one for even degrees. */
  record Root(int degree, Expression radicand) implements Expression {}

  /** A function by its LaTeX name, or "abs", "floor", "ceil", "factorial", "binom". */
  record Call(String function, List<Expression> arguments) implements Expression {}

  /** A value in degrees or percent. */
  record Marked(Expression value, String mark) implements Expression {}

  static Expression integer(long value) {
    return new Number(new BigFraction(value), 0);
  }

  static Expression negative(Expression value) {
    return value instanceof Number n
        ? new Number(n.value.negate(), n.decimals)
        : new Product(List.of(Number.MINUS_ONE, value));
  }

  static Expression quotient(Expression top, Expression bottom) {
    return new Product(List.of(top, new Power(bottom, Number.MINUS_ONE)));
  }

  static Expression difference(Expression left, Expression right) {
    return new Sum(List.of(left, negative(right)));
  }

  /** The parts directly below this one. */
  default List<Expression> parts() {
    if (this instanceof Sum sum) {
      return sum.terms;
    } else if (this instanceof Product product) {
      return product.factors;
    } else if (this instanceof Power power) {
      return List.of(power.base, power.exponent);
    } else if (this instanceof Root root) {
      return List.of(root.radicand);
    } else if (this instanceof Call call) {
      return call.arguments;
    } else if (this instanceof Marked marked) {
      return List.of(marked.value);
    }
    return List.of();
  }

  /** This expression with its direct parts changed. */
  default Expression map(UnaryOperator<Expression> change) {
    List<Expression> changed = new ArrayList<>();
    parts().forEach(part -> changed.add(change.apply(part)));
    if (this instanceof Sum) {
      return new Sum(changed);
    } else if (this instanceof Product) {
      return new Product(changed);
    } else if (this instanceof Power) {
      return new Power(changed.get(0), changed.get(1));
    } else if (this instanceof Root root) {
      return new Root(root.degree, changed.get(0));
    } else if (this instanceof Call call) {
      return new Call(call.function, changed);
    } else if (this instanceof Marked marked) {
      return new Marked(changed.get(0), marked.mark);
    }
    return this;
  }

  /**
   * Pays for every part of this expression and refuses it where it is nested too deep, so that
   * everything else may walk through it recursively. Parts that are shared are paid for wherever
   * they stand, as they are walked through as often.
   */
  default void measure(Budget budget) {
    Deque<List<Expression>> open = new ArrayDeque<>(List.of(List.of(this)));
    Deque<Integer> depths = new ArrayDeque<>(List.of(1));
    while (!open.isEmpty()) {
      List<Expression> level = open.pop();
      int depth = depths.pop();
      for (Expression part : level) {
        budget.spend(1);
        if (!part.parts().isEmpty()) {
          Budget.checkNesting(depth);
          open.push(part.parts());
          depths.push(depth + 1);
        }
      }
    }
  }

  /** Visits this expression and everything in it. */
  default void visit(Consumer<Expression> visitor) {
    visitor.accept(this);
    parts().forEach(part -> part.visit(visitor));
  }

  default boolean contains(String symbol) {
    if (this instanceof Symbol named) {
      return named.name.equals(symbol);
    }
    return parts().stream().anyMatch(part -> part.contains(symbol));
  }

  /** "°", "%" or "" for the whole expression. */
  default String mark() {
    if (this instanceof Marked marked) {
      return marked.mark;
    }
    if (this instanceof Sum || this instanceof Product) {
      for (Expression part : parts()) {
        if (!part.mark().isEmpty()) {
          return part.mark();
        }
      }
    }
    return "";
  }
}
