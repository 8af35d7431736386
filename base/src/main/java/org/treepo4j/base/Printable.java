package org.treepo4j.base;

import java.util.Locale;

/** Text of others as it can be shown on a terminal: on one line, without control characters. */
public final class Printable {
  private Printable() {}

  /** The text with everything that a terminal would not print as <code>&#92;u001b</code>. */
  public static String of(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (isPrintable(c)) {
                line.appendCodePoint(c);
              } else {
                line.append(String.format(Locale.ROOT, "\\u%04x", c));
              }
            });
    return line.toString();
  }

  /** As {@link #of}, cut to a number of characters. */
  public static String of(String text, int longest) {
    return of(text.length() <= longest ? text : text.substring(0, longest - 1) + "…");
  }

  private static boolean isPrintable(int c) {
    int type = Character.getType(c);
    return !Character.isISOControl(c)
        && type != Character.LINE_SEPARATOR
        && type != Character.PARAGRAPH_SEPARATOR
        && type != Character.SURROGATE
        && type != Character.FORMAT;
  }
}
