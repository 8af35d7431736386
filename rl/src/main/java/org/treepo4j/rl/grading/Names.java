package org.treepo4j.rl.grading;

import java.util.Optional;

/** Recognises what an equation defines: x, x_1, f(x), (p, q), V_1:V_2, "Area". */
final class Names {
  private Names() {}

  /** A name followed by = or ∈ is read and given back; otherwise nothing is read. */
  static Optional<String> read(TokenCursor cursor) {
    int start = cursor.position();
    String name = name(cursor);
    boolean defines = cursor.peek().is("=") || cursor.peek().is("∈");
    if (name == null || !defines) {
      cursor.moveTo(start);
      return Optional.empty();
    }
    return Optional.of(name);
  }

  private static String name(TokenCursor cursor) {
    StringBuilder name = new StringBuilder();
    if (cursor.accept("(")) {
      do {
        if (!simple(cursor, name.append(name.isEmpty() ? "(" : ","))) {
          return null;
        }
      } while (cursor.accept(","));
      return cursor.accept(")") ? name.append(')').toString() : null;
    }
    if (!simple(cursor, name)) {
      return null;
    }
    if (cursor.accept("(")) {
      do {
        if (!simple(cursor, name.append(name.indexOf("(") < 0 ? "(" : ","))) {
          return null;
        }
      } while (cursor.accept(","));
      return cursor.accept(")") ? name.append(')').toString() : null;
    }
    while (cursor.accept(":")) {
      if (!simple(cursor, name.append(':'))) {
        return null;
      }
    }
    return name.toString();
  }

  private static boolean simple(TokenCursor cursor, StringBuilder name) {
    if (cursor.peek().kind() == Token.Kind.TEXT) {
      while (cursor.peek().kind() == Token.Kind.TEXT) {
        name.append(cursor.take().text());
      }
      return true;
    }
    if (cursor.peek().kind() != Token.Kind.SYMBOL || isConstant(cursor.peek().text())) {
      return false;
    }
    name.append(cursor.take().text());
    while (cursor.peek().is("_") || cursor.peek().is("'")) {
      if (cursor.take().is("'")) {
        name.append('\'');
      } else if (cursor.accept("{")) {
        while (!cursor.atEnd() && !cursor.peek().is("}")) {
          name.append(cursor.take().text());
        }
        cursor.take();
      } else {
        name.append(cursor.take().text());
      }
    }
    return true;
  }

  private static boolean isConstant(String symbol) {
    return symbol.equals("π") || symbol.equals("e") || symbol.equals("i") || symbol.equals("∞");
  }
}
