package org.treepo4j.grading;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A time of the day.
 *
 * @param seconds since midnight
 * @param ofHalfDay whether it was written with a.m. or p.m.
 */
record ClockTime(int seconds, boolean ofHalfDay) {
  private static final int LONGEST = 60;
  private static final Pattern DRESS =
      Pattern.compile("\\\\(?:text|textrm|mathrm|mbox)\\s*(?=\\{)|\\\\[ ,:;]|[{}$~.\\s]");
  private static final Pattern TIME =
      Pattern.compile("(\\d{1,2})(?::([0-5]\\d))?(?::([0-5]\\d))?([ap]m)?");

  /**
   * Whether two answers are the same time, of which one at least has a.m. or p.m.: two without are
   * lengths of time or ratios as well.
   */
  static boolean same(String a, String b) {
    Optional<ClockTime> left = of(a);
    Optional<ClockTime> right = left.isEmpty() ? left : of(b);
    return right.isPresent()
        && (left.get().ofHalfDay || right.get().ofHalfDay)
        && left.get().seconds == right.get().seconds;
  }

  /** 3 p.m., 3:00 PM, or 15:00 and 0:30, which no clock of twelve hours shows. */
  private static Optional<ClockTime> of(String answer) {
    if (answer.length() > LONGEST) {
      return Optional.empty();
    }
    String plain = DRESS.matcher(answer).replaceAll("").toLowerCase(Locale.ROOT);
    Matcher time = TIME.matcher(plain);
    if (!time.matches()) {
      return Optional.empty();
    }
    int hour = Integer.parseInt(time.group(1));
    String half = time.group(4);
    boolean fits =
        half != null
            ? hour >= 1 && hour <= 12
            : time.group(2) != null && (hour == 0 || hour > 12 && hour < 24);
    if (!fits) {
      return Optional.empty();
    }
    if (half != null) {
      hour = hour % 12 + (half.equals("pm") ? 12 : 0);
    }
    int minutes = 60 * hour + number(time.group(2));
    return Optional.of(new ClockTime(60 * minutes + number(time.group(3)), half != null));
  }

  private static int number(String digits) {
    return digits == null ? 0 : Integer.parseInt(digits);
  }
}
