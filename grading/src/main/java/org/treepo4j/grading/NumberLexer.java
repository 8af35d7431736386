package org.treepo4j.grading;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the digits of a number: thousands separated by {@code ,} {@code {,}} {@code ,\!} {@code \,}
 * or a space in full groups of three, a decimal point, repeating decimals and powers of ten as
 * {@code 1.5e3}. Repeating digits are given in brackets: {@code 0.1[6]}.
 */
final class NumberLexer {
  /** In LaTeX also with spaces around; a bare comma or space counts with fewer doubts. */
  private static final Pattern SEPARATOR =
      Pattern.compile(
          " *(\\{ *, *}|, *\\\\ *!|\\\\,|, *\\\\,|\\\\ (?=\\d)|\\{ *\\\\, *}|\\\\! *,|,|) *");

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
    int whole = digits.length();
    if (whole <= 3) {
      takeGroups(digits, inBrackets);
    }
    if (whole > 0 && whole == digits.length() && isDecimalComma()) {
      digits.append('.');
      end += "{,}".length();
      takeDigits(digits);
    } else if (end < text.length() && text.charAt(end) == '.' && isDigit(end + 1)) {
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

  /** All groups of thousands behind one separator, in the same spelling. */
  private void takeGroups(StringBuilder digits, boolean inBrackets) {
    boolean leadingZero = !digits.isEmpty() && digits.charAt(0) == '0';
    String first = null;
    while (true) {
      Matcher separator = SEPARATOR.matcher(text).region(end, text.length());
      if (!separator.lookingAt() || !isGroup(separator.end())) {
        return;
      }
      String spelled = separator.group().replace(" ", "");
      boolean weak = spelled.equals(",") || spelled.isEmpty();
      boolean comma = spelled.equals(",") && separator.group().length() == 1 && !inBrackets;
      boolean space = separator.group().equals(" ") && !text.startsWith("/", end + 4);
      if (weak && (leadingZero || !(comma || space))
          || first != null && !first.equals(spelled)
          || leadingZero && spelled.equals("{,}")) {
        return;
      }
      first = spelled;
      end = separator.end();
      takeDigits(digits);
    }
  }

  /** {@code {,}} with a number of digits behind it that is no group of thousands. */
  private boolean isDecimalComma() {
    int behind = end + "{,}".length();
    boolean thousands = isGroup(behind) && text.charAt(end - 1) != '0';
    return text.startsWith("{,}", end) && isDigit(behind) && !thousands;
  }

  /** Three digits and no more. */
  private boolean isGroup(int at) {
    return isDigit(at) && isDigit(at + 1) && isDigit(at + 2) && !isDigit(at + 3);
  }

  private void repeating(StringBuilder digits) {
    for (String bar : new String[] {"\\overline{", "\\bar{", "\\dot{"}) {
      int open = end + bar.length() - 1;
      boolean point = digits.indexOf(".") < 0;
      int start = point ? end + 1 : end;
      if ((!point || text.startsWith(".", end)) && text.startsWith(bar, start)) {
        open += start - end;
        int close = Braces.close(text, open);
        String period = close < 0 ? "" : text.substring(open + 1, close).strip();
        if (!period.isEmpty() && period.chars().allMatch(c -> c >= '0' && c <= '9')) {
          digits.append(point ? "." : "").append('[').append(period).append(']');
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
