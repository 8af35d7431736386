package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;

/** Finds formulas in running text: {@code $…$}, {@code $$…$$}, {@code \(…\)}, {@code \[…\]}. */
final class Formulas {

  /**
   * A formula.
   *
   * @param start of its opening delimiter
   * @param end behind its closing delimiter
   * @param content between the delimiters
   */
  record Formula(int start, int end, String content) {}

  private Formulas() {}

  static List<Formula> in(String text) {
    List<Formula> formulas = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      Formula formula = c == '$' || c == '\\' ? at(text, at) : null;
      if (formula != null) {
        formulas.add(formula);
        at = formula.end;
      } else {
        at += c == '\\' ? 2 : 1;
      }
    }
    return formulas;
  }

  private static Formula at(String text, int at) {
    if (text.startsWith("$$", at)) {
      return delimited(text, at, "$$", text.indexOf("$$", at + 2));
    }
    if (text.startsWith("\\(", at)) {
      return delimited(text, at, "\\(", text.indexOf("\\)", at + 2));
    }
    if (text.startsWith("\\[", at)) {
      return delimited(text, at, "\\[", text.indexOf("\\]", at + 2));
    }
    return text.charAt(at) == '$' ? delimited(text, at, "$", closingDollar(text, at)) : null;
  }

  private static Formula delimited(String text, int start, String open, int close) {
    if (close < 0) {
      return null;
    }
    String content = text.substring(start + open.length(), close).strip();
    return content.isEmpty() ? null : new Formula(start, close + open.length(), content);
  }

  /**
   * The dollar that closes an inline formula, in the same line; -1 where the dollars are money: a
   * digit follows the second one, or there are words between them.
   */
  private static int closingDollar(String text, int open) {
    int close = open + 1;
    while (close < text.length() && text.charAt(close) != '$' && text.charAt(close) != '\n') {
      close += text.charAt(close) == '\\' ? 2 : 1;
    }
    if (close >= text.length() || text.charAt(close) != '$') {
      return -1;
    }
    boolean money = close + 1 < text.length() && Character.isDigit(text.charAt(close + 1));
    return money || isProse(text, open + 1, close) ? -1 : close;
  }

  /** A word of three letters or more behind a space, after a digit: "5 for lunch and ". */
  private static boolean isProse(String text, int from, int to) {
    if (from < to && !Character.isDigit(text.charAt(from))) {
      return false;
    }
    boolean vowel = false;
    int letters = 0;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        return false;
      }
      boolean inWord = letters > 0 || Character.isWhitespace(text.charAt(i - 1));
      letters = Character.isLetter(c) && inWord ? letters + 1 : 0;
      vowel = letters > 0 && ((letters > 1 && vowel) || "aeiouAEIOU".indexOf(c) >= 0);
      if (letters >= 3 && vowel) {
        return true;
      }
    }
    return false;
  }
}
