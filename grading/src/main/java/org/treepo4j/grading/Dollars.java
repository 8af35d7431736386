package org.treepo4j.grading;

/** Tells the dollars that are money from those around formulas. */
final class Dollars {
  private final String text;
  private final boolean odd;
  private final boolean allBeforeNumbers;

  Dollars(String text) {
    this.text = text;
    int dollars = 0;
    boolean numbersOnly = true;
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '\\') {
        i++;
      } else if (text.charAt(i) == '$') {
        dollars++;
        numbersOnly &= isBeforeNumber(i);
      }
    }
    this.odd = dollars % 2 == 1;
    this.allBeforeNumbers = numbersOnly;
  }

  /**
   * Whether the dollar at a place of an answer is money: an odd one before or behind a number, or
   * one of several that all have a number behind them.
   */
  boolean isMoney(int at) {
    return (odd || allBeforeNumbers) && (isBeforeNumber(at) || (odd && isBehindNumber(at)));
  }

  private boolean isBeforeNumber(int dollar) {
    int at = dollar + 1;
    while (at < text.length() && " -.".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at < text.length() && Character.isDigit(text.charAt(at));
  }

  private boolean isBehindNumber(int dollar) {
    int at = dollar - 1;
    while (at >= 0 && text.charAt(at) == ' ') {
      at--;
    }
    return at >= 0 && Character.isDigit(text.charAt(at));
  }

  /** Behind the dollar that stands at a place, or the place where there is none. */
  int behind(int place) {
    return place + (text.startsWith("$", place) ? 1 : text.startsWith("\\$", place) ? 2 : 0);
  }
}
