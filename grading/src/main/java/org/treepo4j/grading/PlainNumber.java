package org.treepo4j.grading;

import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Decimal numbers by their digits alone: what most answers are, compared without parsing. */
final class PlainNumber {
  private static final int MAX_LENGTH = 200;
  private static final Pattern NUMBER = Pattern.compile("\\d+(?:,\\d{3})*+(?:\\.\\d+)?");

  private PlainNumber() {}

  /**
   * One spelling for every number written as digits, with full groups of thousands and a decimal
   * point or none, after a sign and a currency: no leading or trailing zeros.
   */
  static Optional<String> canonical(String text) {
    int end = text.length();
    int at = 0;
    boolean negative = false;
    if (at < end && (text.charAt(at) == '-' || text.charAt(at) == '+')) {
      negative = text.charAt(at) == '-';
      at++;
    }
    at += text.startsWith("\\$", at) ? 2 : text.startsWith("$", at) ? 1 : 0;
    if (end - at > MAX_LENGTH || at == end) {
      return Optional.empty();
    }
    StringBuilder digits = new StringBuilder(end - at);
    int point = -1;
    int group = -1;
    for (int i = at; i < end; i++) {
      char c = text.charAt(i);
      if (c >= '0' && c <= '9') {
        digits.append(c);
        group += group >= 0 && point < 0 ? 1 : 0;
      } else if (c == ',' && point < 0 && isThousands(text, i, at, group)) {
        group = 0;
      } else if (c == '.' && point < 0 && i + 1 < end && (group < 0 || group == 3)) {
        point = digits.length();
      } else {
        return Optional.empty();
      }
    }
    if (point < 0 && group >= 0 && group != 3) {
      return Optional.empty();
    }
    return Optional.of(stripped(digits, point, negative));
  }

  /**
   * Whether an answer to a question for a number has that number and no other behind its last
   * equals sign; an answer to any other question does.
   */
  static boolean isWorkedOut(String answer, String reference) {
    Optional<String> asked = canonical(reference);
    if (asked.isEmpty()) {
      return true;
    }
    List<String> numbers =
        NUMBER
            .matcher(answer.substring(answer.lastIndexOf('=') + 1))
            .results()
            .map(MatchResult::group)
            .toList();
    return numbers.size() == 1
        && canonical(numbers.get(0)).equals(asked.map(PlainNumber::unsigned));
  }

  private static String unsigned(String canonical) {
    return canonical.startsWith("-") ? canonical.substring(1) : canonical;
  }

  private static boolean isThousands(String text, int comma, int start, int group) {
    int before = comma - start;
    return group == 3 || (group < 0 && before >= 1 && before <= 3 && text.charAt(start) != '0');
  }

  private static String stripped(StringBuilder digits, int point, boolean negative) {
    int whole = point < 0 ? digits.length() : point;
    int end = digits.length();
    while (point >= 0 && end > whole && digits.charAt(end - 1) == '0') {
      end--;
    }
    int start = 0;
    while (start < whole && digits.charAt(start) == '0') {
      start++;
    }
    String value =
        digits.substring(start, whole) + (end > whole ? "." + digits.substring(whole, end) : "");
    return negative && !value.isEmpty() ? "-" + value : value;
  }
}
