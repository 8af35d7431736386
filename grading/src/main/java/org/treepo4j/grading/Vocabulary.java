package org.treepo4j.grading;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Short words of answers that are no products of variables, and words that join answers. */
final class Vocabulary {
  private static final Pattern JOINING =
      Pattern.compile("[,;]?\\s*(and|or)\\s*", Pattern.CASE_INSENSITIVE);

  /** What may follow "or" behind a number without being another answer. */
  private static final Pattern OR_MORE =
      Pattern.compile(
          "\\s+(more|less|fewer|greater|higher|lower|above|below|over|under|older|younger|later"
              + "|earlier|longer|shorter)\\b",
          Pattern.CASE_INSENSITIVE);

  private static final Set<String> CURRENCY_CODES =
      Set.of(
          "USD", "EUR", "GBP", "JPY", "INR", "CNY", "CHF", "CAD", "AUD", "Rs", "US", "CA", "AU",
          "NZ", "HK", "SG", "MX");

  /** Short units that are hardly products of variables. */
  private static final Set<String> UNITS_ONLY = Set.of("cm", "mm", "km", "kg", "ft");

  /** Short units that are read as such right behind a number: "5in", "30 min". */
  private static final Set<String> UNITS_BEHIND_NUMBERS =
      Set.of(
          "cm", "mm", "km", "kg", "ft", "in", "yd", "mi", "mg", "ml", "mL", "oz", "lb", "lbs",
          "sec", "min", "hr", "hrs", "yr", "yrs", "am", "pm", "AM", "PM", "mph", "kph", "deg",
          "pct", "rad", "usd", "day", "Hz", "kHz");

  private static final Set<String> SHORT_WORDS =
      Set.of(
          "of", "to", "is", "the", "no", "yes", "not", "all", "per", "one", "two", "six", "ten",
          "day", "men", "for", "are", "odd", "both", "sq", "ago", "old", "BC", "AD", "low", "up",
          "at", "an", "red", "big", "new");

  private Vocabulary() {}

  /** ∧ or ∨ for "and" or "or", also behind a comma; empty for other words. */
  static Optional<String> joining(String words) {
    if (!JOINING.matcher(words).matches()) {
      return Optional.empty();
    }
    return Optional.of(words.strip().toLowerCase(Locale.ROOT).endsWith("or") ? "∨" : "∧");
  }

  /** Whether "more" or the like stands at a place of a text, behind "or". */
  static boolean isOrMore(String text, int at) {
    return OR_MORE.matcher(text).region(at, text.length()).lookingAt();
  }

  static boolean isCurrencyCode(String word) {
    return CURRENCY_CODES.contains(word);
  }

  static boolean isUnitOnly(String word) {
    return UNITS_ONLY.contains(word);
  }

  static boolean isUnitBehindNumber(String word) {
    return UNITS_BEHIND_NUMBERS.contains(word);
  }

  static boolean isShortWord(String word) {
    return SHORT_WORDS.contains(word);
  }

  /** "(E)", "A, B" and the like. */
  static boolean isChoices(String plain) {
    boolean letterBefore = false;
    for (char c : plain.toCharArray()) {
      boolean letter = c >= 'A' && c <= 'Z';
      if ((letter && letterBefore) || (!letter && "(), .".indexOf(c) < 0)) {
        return false;
      }
      letterBefore = letter;
    }
    return true;
  }
}
