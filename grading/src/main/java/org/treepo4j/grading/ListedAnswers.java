package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** References that data sets hold as a list in JSON: {@code ["\\frac{3}{2}", "2"]}. */
final class ListedAnswers {
  private final String text;
  private int at;

  private ListedAnswers(String text) {
    this.text = text;
  }

  /** The listed answers, joined by commas; empty where the text is no list of strings. */
  static Optional<String> in(String reference) {
    String text = reference.strip();
    return text.startsWith("[\"") && text.endsWith("\"]")
        ? new ListedAnswers(text).items().map(items -> String.join(", ", items))
        : Optional.empty();
  }

  private Optional<List<String>> items() {
    List<String> items = new ArrayList<>();
    do {
      at++;
      skipBlanks();
      StringBuilder item = new StringBuilder();
      if (!string(item)) {
        return Optional.empty();
      }
      items.add(item.toString());
      skipBlanks();
    } while (at < text.length() && text.charAt(at) == ',');
    return at == text.length() - 1 ? Optional.of(items) : Optional.empty();
  }

  private void skipBlanks() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  private boolean string(StringBuilder into) {
    if (at >= text.length() || text.charAt(at++) != '"') {
      return false;
    }
    while (at < text.length() && text.charAt(at) != '"') {
      char c = text.charAt(at++);
      if (c == '\\' && (at == text.length() || !escape(into))) {
        return false;
      } else if (c != '\\') {
        into.append(c);
      }
    }
    return at++ < text.length();
  }

  private boolean escape(StringBuilder into) {
    char c = text.charAt(at++);
    switch (c) {
      case '"', '\\', '/' -> into.append(c);
      case 'n', 't', 'r' -> into.append(' ');
      default -> {
        return false;
      }
    }
    return true;
  }
}
