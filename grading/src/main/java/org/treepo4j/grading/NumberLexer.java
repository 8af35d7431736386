package org.treepo4j.grading;

/**
 * Reads the digits of a number: thousands separated by {@code ,} {@code {,}} {@code ,\!} {@code \,}
 * or a space in full groups of three, a decimal point, repeating decimals and powers of ten as
 * {@code 1.5e3}. Repeating digits are given in brackets: {@code 0.1[6]}.
 */
final class NumberLexer {
  private static final String[] STRONG_SEPARATORS = {"{,}", ",\\!", "\\,", ",\\,", "\\ ", "{\\,}"};

  private final String text;
  private int end;

  NumberLexer(String text) {
    this.text = text;
  }

  boolean startsAt(int at) {
    return isDigit(at) || (at < text.length() && text.charAt(at) == '.' && isDigit(at + 1));
  }

  /** Where the number that was read last ends. */
  int end() {
    return end;
  }

  /**
   * @param inBrackets a bare comma separates coordinates there, not thousands
   */
  String read(int start, boolean inBrackets) {
    StringBuilder digits = new StringBuilder();
    end = start;
    takeDigits(digits);
    String separator = digits.length() <= 3 ? separator(inBrackets, digits) : null;
    while (separator != null
        && text.startsWith(separator, end)
        && isGroup(end + separator.length())) {
      end += separator.length();
      takeDigits(digits);
    }
    if (end < text.length() && text.charAt(end) == '.' && isDigit(end + 1)) {
      digits.append(digits.isEmpty() ? "0." : ".");
      end++;
      takeDigits(digits);
    } else if (end + 1 == text.length() && text.charAt(end) == '.') {
      end++;
    }
    repeating(digits);
    exponent(digits);
    return digits.toString();
  }

  private String separator(boolean inBrackets, CharSequence first) {
    for (String candidate : STRONG_SEPARATORS) {
      if (text.startsWith(candidate, end) && isGroup(end + candidate.length())) {
        return candidate;
      }
    }
    boolean comma = text.startsWith(",", end) && !inBrackets;
    boolean space = text.startsWith(" ", end) && !text.startsWith("/", end + 4);
    boolean leadingZero = !first.isEmpty() && first.charAt(0) == '0';
    if ((comma || space) && !leadingZero && isGroup(end + 1)) {
      return comma ? "," : " ";
    }
    return null;
  }

  /** Three digits and no more. */
  private boolean isGroup(int at) {
    return isDigit(at) && isDigit(at + 1) && isDigit(at + 2) && !isDigit(at + 3);
  }

  private void repeating(StringBuilder digits) {
    for (String bar : new String[] {"\\overline{", "\\bar{", "\\dot{"}) {
      int open = end + bar.length() - 1;
      int start = digits.indexOf(".") < 0 && text.startsWith(".", end) ? end + 1 : end;
      if (text.startsWith(bar, start)) {
        open += start - end;
        int close = Braces.close(text, open);
        String period = close < 0 ? "" : text.substring(open + 1, close).strip();
        if (!period.isEmpty() && period.chars().allMatch(c -> c >= '0' && c <= '9')) {
          digits.append(digits.indexOf(".") < 0 ? "." : "").append('[').append(period).append(']');
          end = close + 1;
        }
        return;
      }
    }
  }

  private void exponent(StringBuilder digits) {
    if (end < text.length() && (text.charAt(end) == 'e' || text.charAt(end) == 'E')) {
      int sign = end + 1 < text.length() && "+-".indexOf(text.charAt(end + 1)) >= 0 ? 1 : 0;
      if (isDigit(end + 1 + sign)) {
        int from = end;
        end += 1 + sign;
        StringBuilder power = new StringBuilder();
        takeDigits(power);
        digits.append('e').append(text, from + 1, from + 1 + sign).append(power);
      }
    }
  }

  private void takeDigits(StringBuilder into) {
    while (isDigit(end)) {
      into.append(text.charAt(end++));
    }
  }

  private boolean isDigit(int at) {
    return at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9';
  }
}
