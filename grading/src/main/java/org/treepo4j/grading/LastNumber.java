package org.treepo4j.grading;

import java.util.Optional;

/** Finds the last number of a text, with its sign, fraction, thousands and percent sign. */
final class LastNumber {
  /** Where the number stands. */
  record Found(int start, int end) {}

  private LastNumber() {}

  static Optional<Found> in(String text) {
    int end = text.length() - 1;
    while (end >= 0 && !isDigit(text, end)) {
      end--;
    }
    if (end < 0 || isBetweenStrayDollars(text, end)) {
      return Optional.empty();
    }
    Found fraction = latexFraction(text, end);
    if (fraction != null) {
      return Optional.of(fraction);
    }
    int start = numberStart(text, end);
    if (start > 1 && text.charAt(start - 1) == '/' && isDigit(text, start - 2)) {
      start = numberStart(text, start - 2);
    }
    return Optional.of(new Found(withSign(text, start), withPercent(text, end + 1)));
  }

  private static int numberStart(String text, int end) {
    int start = end;
    while (start > 0) {
      char before = text.charAt(start - 1);
      boolean digit = isDigit(text, start - 1);
      boolean point = before == '.' && (isDigit(text, start - 2) || isBlank(text, start - 2));
      boolean thousands = before == ',' && isDigit(text, start - 2) && isDigits(text, start, 3);
      if (text.startsWith("{,}", start - 3) && isDigit(text, start - 4)) {
        start -= 3;
      } else if (digit || point || thousands) {
        start--;
      } else {
        break;
      }
    }
    return start;
  }

  private static Found latexFraction(String text, int digit) {
    int command = text.lastIndexOf("frac{", digit);
    if (command < 1 || digit - command > 100) {
      return null;
    }
    int close = Braces.close(text, command + "frac".length());
    if (close < 0 || !text.startsWith("{", close + 1)) {
      return null;
    }
    int end = Braces.close(text, close + 1);
    int start = text.lastIndexOf('\\', command);
    boolean inside = end > digit && start >= command - 2 && start >= 0;
    return inside ? new Found(withSign(text, start), end + 1) : null;
  }

  private static int withSign(String text, int start) {
    int at = start;
    if (text.startsWith("$", at - 1) && !text.startsWith("\\", at - 2)) {
      at--;
    } else if (text.startsWith("\\$", at - 2)) {
      at -= 2;
    }
    boolean minus = at > 0 && (text.charAt(at - 1) == '-' || text.charAt(at - 1) == '−');
    boolean sign = minus && (at == 1 || " ($=:\n\t*".indexOf(text.charAt(at - 2)) >= 0);
    return sign ? at - 1 : start;
  }

  private static int withPercent(String text, int end) {
    if (text.startsWith("%", end)) {
      return end + 1;
    }
    return text.startsWith("\\%", end) ? end + 2 : end;
  }

  /** A dollar, a line break, the number, a line break, a dollar: no formula and no money. */
  private static boolean isBetweenStrayDollars(String text, int digit) {
    int left = text.lastIndexOf('$', digit);
    int right = text.indexOf('$', digit);
    if (left < 0 || right < 0 || right - left > 40) {
      return false;
    }
    boolean doubled = text.startsWith("$", left - 1) || text.startsWith("$", right + 1);
    String between = text.substring(left + 1, right);
    return !doubled && between.contains("\n") && between.strip().chars().noneMatch(c -> c == ' ');
  }

  private static boolean isDigits(String text, int at, int count) {
    for (int i = 0; i < count; i++) {
      if (!isDigit(text, at + i)) {
        return false;
      }
    }
    return !isDigit(text, at + count);
  }

  private static boolean isDigit(String text, int at) {
    return at >= 0 && at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9';
  }

  private static boolean isBlank(String text, int at) {
    return at < 0 || Character.isWhitespace(text.charAt(at)) || text.charAt(at) == '-';
  }
}
