package org.treepo4j.grading;

import java.util.Optional;
import java.util.Set;

/** Recognises what an equation defines: x, x_1, f(x), (p, q), V_1:V_2, AB, "Area". */
final class Names {
  private static final Set<String> FIGURES =
      Set.of(
          "angle",
          "measuredangle",
          "triangle",
          "overline",
          "overrightarrow",
          "vec",
          "widehat",
          "Delta");

  private Names() {}

  /** A name followed by = or ∈ is read and given back; otherwise nothing is read. */
  static Optional<String> read(TokenCursor cursor) {
    int start = cursor.position();
    String name = name(cursor);
    boolean defines = cursor.peek().is("=") || cursor.peek().is("∈");
    if (name == null || !defines) {
      cursor.moveTo(start);
      return lengths(cursor);
    }
    return Optional.of(name);
  }

  /** |AB| = and NO/BO =: lengths between points, and what they have to each other. */
  private static Optional<String> lengths(TokenCursor cursor) {
    int start = cursor.position();
    StringBuilder name = new StringBuilder();
    boolean read;
    if (cursor.peek().isCommand("frac")) {
      cursor.take();
      read =
          cursor.accept("{")
              && length(cursor, name)
              && cursor.accept("}")
              && cursor.accept("{")
              && length(cursor, name.append('/'))
              && cursor.accept("}");
    } else {
      read = length(cursor, name);
      while (read && (cursor.peek().is("/") || cursor.peek().is(":"))) {
        read = length(cursor, name.append(cursor.take().text()));
      }
    }
    if (!read || !cursor.peek().is("=")) {
      cursor.moveTo(start);
      return Optional.empty();
    }
    return Optional.of(name.toString());
  }

  /** AB or |AB|: two capital letters or more. */
  private static boolean length(TokenCursor cursor, StringBuilder name) {
    boolean bars = cursor.accept("|");
    int letters = 0;
    while (isPoint(cursor.peek())) {
      name.append(cursor.take().text());
      letters++;
    }
    return letters >= 2 && (!bars || cursor.accept("|"));
  }

  private static String name(TokenCursor cursor) {
    StringBuilder name = new StringBuilder();
    if (cursor.peek().kind() == Token.Kind.FUNCTION) {
      name.append(cursor.take().text()).append(' '); // \cos\theta
      return simple(cursor, name) ? name.toString() : null;
    }
    if (cursor.peek().is("(")) {
      return arguments(cursor, name, false) ? name.toString() : null;
    }
    if (!simple(cursor, name)) {
      return null;
    }
    if (cursor.peek().is("(")) {
      return arguments(cursor, name, true) ? name.toString() : null;
    }
    while (cursor.accept(":")) {
      if (!simple(cursor, name.append(':'))) {
        return null;
      }
    }
    return name.toString();
  }

  /** (x, y), and for functions also (2). */
  private static boolean arguments(TokenCursor cursor, StringBuilder name, boolean numbers) {
    do {
      name.append(cursor.take().text());
      if (numbers && cursor.peek().kind() == Token.Kind.NUMBER) {
        name.append(cursor.take().text());
      } else if (!simple(cursor, name)) {
        return false;
      }
    } while (cursor.peek().is(","));
    name.append(')');
    return cursor.accept(")");
  }

  private static boolean simple(TokenCursor cursor, StringBuilder name) {
    if (cursor.peek().kind() == Token.Kind.TEXT) {
      while (cursor.peek().kind() == Token.Kind.TEXT) {
        name.append(cursor.take().text());
      }
      return true;
    }
    boolean figure = FIGURES.contains(cursor.peek().text());
    if (figure) {
      name.append(cursor.take().text()).append(' ');
    }
    boolean braced = figure && cursor.accept("{");
    if (cursor.peek().kind() != Token.Kind.SYMBOL || isConstant(cursor.peek().text())) {
      return false;
    }
    boolean points = isPoint(cursor.peek());
    name.append(cursor.take().text());
    while (points && isPoint(cursor.peek())) {
      name.append(cursor.take().text());
    }
    if (braced && !cursor.accept("}")) {
      return false;
    }
    index(cursor, name);
    return true;
  }

  /** Capital letters stand for points: AB is a segment and no product. */
  private static boolean isPoint(Token token) {
    return token.kind() == Token.Kind.SYMBOL
        && token.text().length() == 1
        && Character.isUpperCase(token.text().charAt(0));
  }

  private static void index(TokenCursor cursor, StringBuilder name) {
    while (cursor.peek().is("_") || cursor.peek().is("'")) {
      name.append(cursor.peek().text());
      if (cursor.take().is("'")) {
        continue;
      }
      if (cursor.accept("{")) {
        while (!cursor.atEnd() && !cursor.peek().is("}")) {
          name.append(cursor.take().text());
        }
      } else {
        name.append(cursor.peek().text());
      }
      cursor.take();
    }
  }

  private static boolean isConstant(String symbol) {
    return symbol.equals("π") || symbol.equals("e") || symbol.equals("i") || symbol.equals("∞");
  }
}
