package org.treepo4j.tokenizer.jinja;

import java.util.List;

/** A statement of a template. */
sealed interface Stmt {
  record Data(String text) implements Stmt {}

  record Output(Expr value, int line) implements Stmt {}

  /** {@code tests.get(i)} guards {@code bodies.get(i)}; {@code otherwise} may be empty. */
  record If(List<Expr> tests, List<List<Stmt>> bodies, List<Stmt> otherwise, int line)
      implements Stmt {}

  /** {@code filter} may be null. */
  record For(
      Target target,
      Expr iterable,
      Expr filter,
      boolean recursive,
      List<Stmt> body,
      List<Stmt> otherwise,
      int line)
      implements Stmt {}

  record Set(Target target, Expr value, int line) implements Stmt {}

  /** {@code filter} is null or a chain of filters on the body's text. */
  record SetBlock(Target target, Expr filter, List<Stmt> body, int line) implements Stmt {}

  record MacroDefinition(String name, Signature signature, List<Stmt> body) implements Stmt {}

  record CallBlock(Signature signature, Expr.Call call, List<Stmt> body, int line)
      implements Stmt {}

  record FilterBlock(Expr filter, List<Stmt> body, int line) implements Stmt {}

  record With(List<Target> targets, List<Expr> values, List<Stmt> body, int line) implements Stmt {}

  /** A body with a scope of its own: {@code generation}, {@code block}. */
  record Scoped(List<Stmt> body) implements Stmt {}

  record Break() implements Stmt {}

  record Continue() implements Stmt {}

  /** Where a value is put. */
  sealed interface Target {
    record Variable(String name) implements Target {}

    record NamespaceAttribute(String namespace, String attribute) implements Target {}

    record Several(List<Target> targets) implements Target {}
  }

  /** Parameters; the last {@code defaults.size()} of them have defaults. */
  record Signature(List<String> names, List<Expr> defaults) {
    static final Signature NONE = new Signature(List.of(), List.of());
  }
}
