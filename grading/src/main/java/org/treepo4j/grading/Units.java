package org.treepo4j.grading;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.math3.fraction.BigFraction;

/**
 * The table of units. Sizes are exact, by definition of the units; what has several sizes (a month
 * in days, a pint) is not converted to what it has no one size in.
 */
final class Units {
  static final String LENGTH = "length";
  static final String TEMPERATURE = "temperature";
  private static final Set<String> CURRENCIES = new HashSet<>();
  private static final Map<String, Unit> KNOWN = new HashMap<>();
  private static final Map<String, BigFraction> SCALES = new HashMap<>();

  static {
    prefixed("m", "meter", LENGTH, 1);
    prefixed("m", "metre", LENGTH, 1);
    define(LENGTH, fraction(254, 10_000), "in", "inch", "inches");
    define(LENGTH, fraction(3048, 10_000), "ft", "foot", "feet");
    define(LENGTH, fraction(9144, 10_000), "yd", "yds", "yard");
    define(LENGTH, fraction(1_609_344, 1000), "mi", "mile");
    define(LENGTH, fraction(1852, 1), "nautical mile");
    define(Unit.UNNAMED_LENGTH, fraction(1, 1), "unit");
    area();
    prefixed("g", "gram", "mass", 1);
    define("mass", fraction(1_000_000, 1), "tonne", "metric ton");
    define("mass", fraction(45_359_237, 100_000), "lb", "lbs", "pound");
    define("mass", fraction(45_359_237, 1_600_000), "oz", "ounce");
    define("ton", fraction(1, 1), "ton");
    prefixed("s", "second", "time", 1);
    define("time", fraction(1, 1), "sec", "secs");
    define("time", fraction(60, 1), "min", "mins", "minute");
    define("time", fraction(3600, 1), "h", "hr", "hrs", "hour");
    define("time", fraction(86_400, 1), "day");
    define("time", fraction(604_800, 1), "week", "wk", "wks");
    define("months", fraction(1, 1), "month");
    define("months", fraction(12, 1), "yr", "yrs", "year");
    define("months", fraction(120, 1), "decade");
    define("months", fraction(1200, 1), "century", "centuries");
    volume();
    physics();
    money();
    define("angle", fraction(1, 1), "rad", "rads", "radian");
    define("percentage points", fraction(1, 1), "percentage point");
    define("morning", fraction(1, 1), "am", "a.m.", "a.m", "AM");
    define("evening", fraction(1, 1), "pm", "p.m.", "p.m", "PM");
    temperature("celsius", fraction(1, 1), fraction(27_315, 100));
    temperature("centigrade", fraction(1, 1), fraction(27_315, 100));
    temperature("fahrenheit", fraction(5, 9), fraction(45_967, 180));
    temperature("kelvin", fraction(1, 1), fraction(0, 1));
    scales();
  }

  private Units() {}

  private static void area() {
    alias(known("m").power(2), fraction(100, 1), "are");
    alias(known("m").power(2), fraction(10_000, 1), "hectare", "ha");
    alias(known("ft").power(2), fraction(43_560, 1), "acre");
  }

  private static void volume() {
    Unit liter = new Unit(Map.of(LENGTH, 3), fraction(1, 1000), BigFraction.ZERO);
    alias(liter, fraction(1, 1), "l", "L", "liter", "litre");
    alias(liter, fraction(1, 10), "dl", "dL", "deciliter", "decilitre");
    alias(liter, fraction(1, 100), "cl", "cL", "centiliter", "centilitre");
    alias(liter, fraction(1, 1000), "ml", "mL", "milliliter", "millilitre", "cc");
    define("cups", fraction(1, 8), "floz", "fluid ounce");
    define("cups", fraction(1, 48), "tsp", "teaspoon");
    define("cups", fraction(1, 16), "tbsp", "tablespoon");
    define("cups", fraction(1, 1), "cup");
    define("cups", fraction(2, 1), "pint", "pt");
    define("cups", fraction(4, 1), "quart", "qt");
    define("cups", fraction(16, 1), "gallon", "gal");
  }

  private static void physics() {
    Unit second = known("s");
    Unit newton = known("kg").times(known("m")).times(second.power(-2));
    Unit joule = newton.times(known("m"));
    alias(known("mi").times(known("h").power(-1)), fraction(1, 1), "mph");
    alias(known("km").times(known("h").power(-1)), fraction(1, 1), "kph", "kmh", "kmph");
    alias(known("nautical mile").times(known("h").power(-1)), fraction(1, 1), "knot");
    prefixed("Hz", "hertz", second.power(-1));
    prefixed("N", "newton", newton);
    prefixed("J", "joule", joule);
    prefixed("W", "watt", joule.times(second.power(-1)));
    alias(joule, fraction(3600, 1), "Wh");
    alias(joule, fraction(3_600_000, 1), "kWh", "kilowatt hour", "kilowatt-hour");
    prefixed("Pa", "pascal", newton.times(known("m").power(-2)));
    prefixed("V", "volt", "voltage", 1);
    prefixed("A", "ampere", "current", 1);
    prefixed("Ω", "ohm", "resistance", 1);
    prefixed("mol", "mole", "amount", 1);
    define("current", fraction(1, 1), "amp");
    define("food energy", fraction(1, 1), "cal", "calorie");
    define("food energy", fraction(1000, 1), "kcal", "kilocalorie");
    define("data", fraction(1, 1), "bit");
    define("data", fraction(8, 1), "byte");
    for (String size : new String[] {"KB", "kB", "MB", "GB", "TB", "kilobyte", "megabyte"}) {
      define(size, fraction(1, 1), size); // 1000 or 1024, who knows
    }
  }

  private static void money() {
    CURRENCIES.addAll(
        List.of("dollar", "euro", "sterling", "yen", "rupee", "yuan", "won", "ruble", "franc"));
    define("dollar", fraction(1, 1), "dollar", "usd", "USD", "$");
    define("dollar", fraction(1, 100), "cent", "¢", "penny", "pennies");
    define("euro", fraction(1, 1), "euro", "eur", "EUR", "€");
    define("sterling", fraction(1, 1), "£", "gbp", "GBP", "pound sterling", "pounds sterling");
    define("sterling", fraction(1, 100), "pence");
    define("yen", fraction(1, 1), "¥", "yen", "jpy", "JPY");
    define("rupee", fraction(1, 1), "₹", "rupee", "rs", "Rs", "inr", "INR");
    define("yuan", fraction(1, 1), "yuan", "cny", "CNY", "rmb", "RMB");
    define("won", fraction(1, 1), "₩", "won", "KRW");
    define("ruble", fraction(1, 1), "₽", "ruble", "rouble", "RUB");
    define("franc", fraction(1, 1), "franc", "chf", "CHF");
    for (String code : new String[] {"CAD", "AUD", "NZD", "HKD", "SGD", "MXN"}) {
      CURRENCIES.add(code);
      define(code, fraction(1, 1), code, code.substring(0, 2) + "$");
    }
  }

  private static void scales() {
    long scale = 1000;
    SCALES.put("hundred", fraction(100, 1));
    for (String name : new String[] {"thousand", "million", "billion", "trillion"}) {
      SCALES.put(name, fraction(scale, 1));
      SCALES.put(name + "th", fraction(1, scale));
      scale *= 1000;
    }
    SCALES.put("tenth", fraction(1, 10));
    SCALES.put("hundredth", fraction(1, 100));
    SCALES.put("dozen", fraction(12, 1));
    SCALES.put("gross", fraction(144, 1));
  }

  /** A unit with the usual prefixes, by its symbol and its name. */
  private static void prefixed(String symbol, String name, String base, long factor) {
    prefixed(symbol, name, Unit.of(base, fraction(factor, 1)));
  }

  private static void prefixed(String symbol, String name, Unit unit) {
    alias(unit, fraction(1, 1), symbol, name);
    alias(unit, fraction(1000, 1), "k" + symbol, "kilo" + name);
    alias(unit, fraction(1, 10), "d" + symbol, "deci" + name);
    alias(unit, fraction(1, 100), "c" + symbol, "centi" + name);
    alias(unit, fraction(1, 1000), "m" + symbol, "milli" + name);
    alias(unit, fraction(1, 1_000_000), "µ" + symbol, "μ" + symbol, "micro" + name);
    alias(unit, fraction(1, 1_000_000_000), "n" + symbol, "nano" + name);
    if (symbol.length() > 1 || "NJWVΩ".contains(symbol)) {
      alias(unit, fraction(1_000_000, 1), "M" + symbol, "mega" + name);
      alias(unit, fraction(1_000_000_000, 1), "G" + symbol, "giga" + name);
    }
  }

  private static void temperature(String name, BigFraction degree, BigFraction zero) {
    KNOWN.put(name, new Unit(Map.of(TEMPERATURE, 1), degree, zero));
  }

  private static void define(String base, BigFraction factor, String... names) {
    alias(Unit.of(base, BigFraction.ONE), factor, names);
  }

  private static void alias(Unit unit, BigFraction factor, String... names) {
    for (String name : names) {
      KNOWN.put(name, new Unit(unit.powers(), unit.factor().multiply(factor), BigFraction.ZERO));
    }
  }

  private static Unit known(String name) {
    return KNOWN.get(name);
  }

  private static BigFraction fraction(long top, long bottom) {
    return new BigFraction(top, bottom);
  }

  /** What a word such as "million" multiplies the number before it by; empty for other words. */
  static Optional<BigFraction> scale(String word) {
    String lower = word.toLowerCase(Locale.ROOT);
    return Optional.ofNullable(SCALES.get(lower)).or(() -> plural(lower).map(SCALES::get));
  }

  /** Whether a unit is an amount of money and nothing else. */
  static boolean isCurrency(Unit unit) {
    return unit.powers().size() == 1
        && CURRENCIES.containsAll(unit.powers().keySet())
        && unit.powers().containsValue(1);
  }

  static boolean isKnown(String word) {
    return find(word).isPresent();
  }

  /** The unit of a word or two, also in the plural. */
  static Optional<Unit> find(String words) {
    String lower = words.toLowerCase(Locale.ROOT);
    Unit exact = KNOWN.get(words);
    Unit unit = exact != null || words.length() < 3 ? exact : KNOWN.get(lower);
    return Optional.ofNullable(unit).or(() -> plural(lower).map(KNOWN::get));
  }

  /** A longer word without the s of its plural. */
  private static Optional<String> plural(String word) {
    return word.length() > 3 && word.endsWith("s")
        ? Optional.of(word.substring(0, word.length() - 1))
        : Optional.empty();
  }
}
