package org.treepo4j.grading;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.math3.fraction.BigFraction;

/** Units of measure. Words that are none ("apples", "dollars") do not take part in a comparison. */
final class Units {
  private static final Map<String, Unit> KNOWN = new HashMap<>();

  /**
   * A unit.
   *
   * @param dimension what it measures; units of different dimensions are never equal
   * @param factor its size in the dimension's base unit
   */
  record Unit(String dimension, BigFraction factor) {}

  static {
    define("length", 1, 1, "mm", "millimeter", "millimetre");
    define("length", 10, 1, "cm", "centimeter", "centimetre");
    define("length", 1000, 1, "m", "meter", "metre");
    define("length", 1_000_000, 1, "km", "kilometer", "kilometre");
    define("length", 254, 10, "in", "inch", "inches");
    define("length", 3048, 10, "ft", "foot", "feet");
    define("length", 9144, 10, "yd", "yard");
    define("length", 1_609_344, 1, "mi", "mile");
    define("mass", 1, 1, "mg", "milligram");
    define("mass", 1000, 1, "g", "gram");
    define("mass", 1_000_000, 1, "kg", "kilogram");
    define("weight", 1, 1, "oz", "ounce");
    define("weight", 16, 1, "lb", "lbs", "pound");
    define("time", 1, 1, "s", "sec", "second");
    define("time", 60, 1, "min", "mins", "minute");
    define("time", 3600, 1, "h", "hr", "hrs", "hour");
    define("time", 86_400, 1, "day");
    define("time", 604_800, 1, "week");
    define("months", 1, 1, "month");
    define("months", 12, 1, "yr", "yrs", "year");
    define("volume", 1, 1, "ml", "mL", "milliliter", "millilitre");
    define("volume", 1000, 1, "l", "L", "liter", "litre");
    define("percent", 1, 1, "percent", "pct", "percentage");
    define("degree", 1, 1, "degree", "deg");
    define("morning", 1, 1, "am", "a.m.", "AM");
    define("evening", 1, 1, "pm", "p.m.", "PM");
    define("speed", 1, 1, "mph");
    define("metric speed", 1, 1, "kph", "km/h");
    define("speed in meters", 1, 1, "m/s");
    define("money", 1, 1, "cent");
    define("money", 100, 1, "dollar", "usd", "USD");
    define("euros", 1, 1, "euro", "EUR");
  }

  private static final Map<String, Long> SCALES =
      Map.of(
          "hundred", 100L,
          "thousand", 1000L,
          "million", 1_000_000L,
          "billion", 1_000_000_000L,
          "trillion", 1_000_000_000_000L);

  private Units() {}

  private static void define(String dimension, long top, long bottom, String... names) {
    for (String name : names) {
      KNOWN.put(name, new Unit(dimension, new BigFraction(top, bottom)));
    }
  }

  /** What a word such as "million" multiplies the number before it by; empty for other words. */
  static Optional<Long> scale(String word) {
    return Optional.ofNullable(SCALES.get(word.toLowerCase(Locale.ROOT)));
  }

  static boolean isKnown(String word) {
    return find(word).isPresent();
  }

  /** The unit of a word, also in the plural. */
  static Optional<Unit> find(String word) {
    for (String name : new String[] {word, word.toLowerCase(Locale.ROOT)}) {
      Unit unit = KNOWN.get(name);
      if (unit == null && name.length() > 3 && name.endsWith("s")) {
        unit = KNOWN.get(name.substring(0, name.length() - 1));
      }
      if (unit != null) {
        return Optional.of(unit);
      }
    }
    return Optional.empty();
  }

  /**
   * The unit that words after a number name, with its power.
   *
   * @param words as written, "square feet", "cm", "miles per hour", "apples"
   * @param power 2 for "cm^2"
   */
  static Optional<Unit> read(String words, int power) {
    String plain = words.strip();
    int exponent = power;
    for (String square : new String[] {"square ", "sq. ", "sq "}) {
      if (plain.startsWith(square)) {
        plain = plain.substring(square.length());
        exponent = 2;
      }
    }
    if (plain.startsWith("cubic ")) {
      plain = plain.substring("cubic ".length());
      exponent = 3;
    }
    int times = exponent;
    return find(plain).map(unit -> times == 1 ? unit : raised(unit, times));
  }

  private static Unit raised(Unit unit, int power) {
    return new Unit(unit.dimension() + "^" + power, unit.factor().pow(power));
  }
}
