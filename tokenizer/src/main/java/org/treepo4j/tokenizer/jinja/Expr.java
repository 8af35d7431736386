package org.treepo4j.tokenizer.jinja;

import java.util.List;

/** An expression of a template. */
sealed interface Expr {
  record Literal(Object value) implements Expr {}

  record Name(String name) implements Expr {}

  record ListOf(List<Expr> items) implements Expr {}

  record TupleOf(List<Expr> items) implements Expr {}

  record DictOf(List<Expr> keys, List<Expr> values) implements Expr {}

  /** {@code operator} is {@code +}, {@code -} or {@code not}. */
  record Unary(String operator, Expr operand) implements Expr {}

  /** Arithmetic, {@code and} and {@code or}. */
  record Binary(String operator, Expr left, Expr right) implements Expr {}

  /** {@code a < b <= c}: every operand is compared with the next. */
  record Comparison(Expr first, List<String> operators, List<Expr> others) implements Expr {}

  /** {@code a ~ b ~ c}. */
  record Concat(List<Expr> parts) implements Expr {}

  /** {@code then if test else otherwise}; {@code otherwise} may be null. */
  record Conditional(Expr test, Expr then, Expr otherwise) implements Expr {}

  record Attribute(Expr object, String name) implements Expr {}

  record Item(Expr object, Expr index) implements Expr {}

  /** {@code [start:stop:step]}, each of which may be null. */
  record Slice(Expr object, Expr start, Expr stop, Expr step) implements Expr {}

  record Call(Expr function, CallArguments arguments) implements Expr {}

  /** {@code value} is null for the body of a filter block. */
  record Filtered(Expr value, String name, CallArguments arguments) implements Expr {}

  record Tested(Expr value, String name, CallArguments arguments) implements Expr {}

  /** {@code (a, *b, c=d, **e)}; {@code spread} and {@code spreadNamed} may be null. */
  record CallArguments(
      List<Expr> positional, List<String> names, List<Expr> named, Expr spread, Expr spreadNamed) {
    static final CallArguments NONE =
        new CallArguments(List.of(), List.of(), List.of(), null, null);
  }
}
