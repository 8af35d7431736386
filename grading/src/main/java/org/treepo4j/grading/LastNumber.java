package org.treepo4j.grading;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the last number of a text, with its sign, fraction, thousands and percent sign. */
final class LastNumber {
  /** Where the number stands. */
  record Found(int start, int end) {}

  private static final int MAX_WORDS = 4;
  private static final Pattern WORDS = Pattern.compile(" ?[/a-zA-Z°€£¢²³]+");

  private static final int MAX_BEFORE = 40;
  private static final int MAX_BEHIND = 12;

  /** A relation at the end, which no arrow and no end of a tag is. */
  private static final Pattern RELATED =
      Pattern.compile(
          "(?:[≤≥≠<]|(?<![-=]|<[a-z/]{1,8})>|[<>!]=|\\\\(?:[lg]eq?(?:slant|q)?|[lg]t|neq?))\\s*$",
          Pattern.CASE_INSENSITIVE);

  /** An expression, a point, an index or a time of day whose last number follows. */
  private static final Pattern CONTINUED =
      Pattern.compile(
          "(?:[\\w)}] *[-−–+*×·÷/] *|\\\\(?:sqrt|pi|cdot|times|div|pm|cup|cap|log|ln) *(?:\\[\\d+])?\\{?"
              + "|[\\^_√π] *\\{?|[(\\[][^()\\[\\]]{1,30}, *|\\d:|\\d')$");

  /** An expression or an index whose first number stands before. */
  private static final Pattern CONTINUING =
      Pattern.compile(
          " ?(?:\\\\\\\\|\\\\(?:end|pi|sqrt|d?frac|cdot|times|div|pm|cup|cap|choose|log|ln|sin|cos|tan)\\b"
              + "|\\^(?!\\\\circ|\\{ *\\\\circ)|_|[×·÷√π‰‱]|\\(|/ ?[a-zA-Z(\\\\])");

  private static final Pattern LEFT_OUT =
      Pattern.compile("[^.]*\\.\\d+\\s*(?:\\.{3}|…|\\\\[lc]?dots)");
  private static final Pattern PRIMED =
      Pattern.compile("\\s?(?:['′″’\"]|\\^?\\{?\\\\prime)(?!s\\b)");

  /** Words that make another number of the one behind them, or one of several. */
  private static final Pattern CHANGED =
      Pattern.compile(
          "(?:\\b(?:twice|double|triple|half of|root of|log of|logarithm of|minus|negative|not)"
              + "|\\d[%$°]* +(?:to|and|or|nor|in|through)) *\\$?$",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern OWN_UNIT = Pattern.compile("[\\d.,/]+ *([a-zA-Z]{1,12})");
  private static final Pattern MEASURED = Pattern.compile("\\d *([a-zA-Z]{1,12})\\.?,? $");

  private LastNumber() {}

  static Optional<Found> in(String text) {
    int end = text.length() - 1;
    while (end >= 0 && !isDigit(text, end)) {
      end--;
    }
    if (end < 0 || isBetweenStrayDollars(text, end)) {
      return Optional.empty();
    }
    if (isInsideWord(text, end)) {
      return Optional.empty();
    }
    Found fraction = latexFraction(text, end);
    if (fraction != null) {
      return Optional.of(fraction).filter(found -> isAlone(text, found));
    }
    int start = numberStart(text, end);
    if (start > 1 && text.charAt(start - 1) == '/' && isDigit(text, start - 2)) {
      start = numberStart(text, start - 2);
    }
    int behind = withUnit(text, withPercent(text, end + 1));
    return Optional.of(new Found(withSign(text, start), behind))
        .filter(found -> isAlone(text, found));
  }

  /**
   * Whether a number means what it does without its neighbours: it stands behind no relation other
   * than =, is no part of an expression (25\pi, 3 + 5, x^2), point, time or date, has no digits
   * left out, no minutes of arc or feet, is not the inches of "5 ft 6 in", nor one of "3 or 5".
   */
  private static boolean isAlone(String text, Found found) {
    String before = text.substring(Math.max(0, found.start - MAX_BEFORE), found.start);
    String behind = text.substring(found.end, Math.min(text.length(), found.end + MAX_BEHIND));
    boolean quoted = before.endsWith("'") || before.endsWith("’") || before.endsWith("\"");
    return !RELATED.matcher(before).find()
        && !CONTINUED.matcher(before).find()
        && !CHANGED.matcher(before).find()
        && !CONTINUING.matcher(behind).lookingAt()
        && !LEFT_OUT.matcher(text.substring(found.start, found.end) + behind).lookingAt()
        && (quoted || !PRIMED.matcher(behind).lookingAt())
        && !isPartOfQuantity(text, found);
  }

  /** Whether a number with a unit stands right before one with a unit of the same kind. */
  private static boolean isPartOfQuantity(String text, Found found) {
    Matcher before =
        MEASURED.matcher(text.substring(Math.max(0, found.start - MAX_BEFORE), found.start));
    Matcher own = OWN_UNIT.matcher(text).region(found.start, text.length());
    return before.find()
        && own.lookingAt()
        && Units.find(before.group(1))
            .flatMap(unit -> Units.find(own.group(1)).filter(unit::measuresTheSameAs))
            .isPresent();
  }

  /** Behind the unit that the words after a number are, the longest of up to four words. */
  static int withUnit(String text, int end) {
    Matcher words = WORDS.matcher(text).region(end, text.length());
    int longest = end;
    for (int count = 0; count < MAX_WORDS && words.lookingAt(); count++) {
      String unit = text.substring(end, words.end());
      if (unit.length() > 1 && MeasureReader.isUnit(unit)) {
        longest = words.end();
      }
      words.region(words.end(), text.length());
    }
    return longest;
  }

  private static int numberStart(String text, int end) {
    int start = end;
    while (start > 0) {
      char before = text.charAt(start - 1);
      boolean digit = isDigit(text, start - 1);
      boolean point = before == '.' && (isDigit(text, start - 2) || isBlank(text, start - 2));
      boolean thousands = before == ',' && isDigit(text, start - 2) && isDigits(text, start, 3);
      boolean decimalComma = before == ',' && isDigit(text, start - 2) && isDecimals(text, start);
      if (text.startsWith("{,}", start - 3) && isDigit(text, start - 4)) {
        start -= 3;
      } else if (digit || point || thousands || decimalComma) {
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
    if (text.startsWith("\\$", at - 2)) {
      at -= 2;
    } else if (at > 0
        && ("€£¥₹".indexOf(text.charAt(at - 1)) >= 0
            || (text.charAt(at - 1) == '$' && new Dollars(text).isMoney(at - 1)))) {
      at--;
    }
    boolean minus = at > 0 && (text.charAt(at - 1) == '-' || text.charAt(at - 1) == '−');
    boolean sign = minus && (at == 1 || " ($=:\n\t*".indexOf(text.charAt(at - 2)) >= 0);
    return sign ? at - 1 : at;
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

  /** The 2 of H2O and AZYUK2A; but not of x=2 and 2cm. */
  private static boolean isInsideWord(String text, int end) {
    int start = end;
    while (isDigit(text, start - 1)) {
      start--;
    }
    if (start > 0 && Character.isLetter(text.charAt(start - 1))) {
      return true;
    }
    int word = end + 1;
    while (word < text.length() && Character.isLetter(text.charAt(word))) {
      word++;
    }
    return word > end + 1 && !Units.isKnown(text.substring(end + 1, word));
  }

  /** Two digits to the end, or more than three: 2,74 and 3,1416 in some countries. */
  private static boolean isDecimals(String text, int at) {
    int end = at;
    while (isDigit(text, end)) {
      end++;
    }
    return end - at == 2 || end - at > 3;
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
