package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.math3.fraction.BigFraction;

/** Reads the words beside a number: "square feet", "km/h", "million dollars", "miles or more". */
final class MeasureReader {
  private static final int MAX_WORDS = 12;
  private static final int MAX_POWER = 9;
  private static final Pattern PIECE =
      Pattern.compile("\\^\\s*\\{?\\s*-?\\d{1,3}\\s*}?|[/·*]|[^\\s/·*^{}()\\[\\],;:!?~\\\\]+");

  private static final Pattern PRODUCT = Pattern.compile("[A-Za-z]+(\\^(\\d|\\{\\d})|/[A-Za-z]+)+");

  /** Words that change what a number means; compared whether or not there is a unit. */
  private static final Map<String, String> REMARKS = new HashMap<>();

  /** Words that say nothing about the value. */
  private static final Set<String> SILENT =
      Set.of(
          "the",
          "of",
          "in",
          "is",
          "about",
          "approximately",
          "approx",
          "around",
          "roughly",
          "nearly",
          "almost",
          "exactly",
          "only",
          "just",
          "total",
          "altogether",
          "all",
          "whole",
          "full",
          "complete",
          "old",
          "long",
          "wide",
          "tall",
          "high",
          "deep",
          "thick",
          "away",
          "apart",
          "each",
          "us",
          "u.s",
          "american",
          "and");

  /** Names of units that are also other words. */
  private static final Set<String> UNSURE = Set.of("in", "are", "a", "an", "am", "second", "min");

  private static final Set<String> DIRECTIONS = Set.of("north", "south", "east", "west");

  private static final Map<String, String> IRREGULAR =
      Map.of(
          "people",
          "person",
          "men",
          "man",
          "women",
          "woman",
          "children",
          "child",
          "mice",
          "mouse",
          "geese",
          "goose",
          "teeth",
          "tooth",
          "knives",
          "knife",
          "leaves",
          "leaf",
          "halves",
          "half");

  static {
    remark(">=", "or more", "or greater", "or higher", "or above", "or over", "or older");
    remark(">=", "or later", "or longer", "at least", "no less than", "not less than");
    remark(">=", "no fewer than", "minimum", "and above", "and up", "and over", "plus");
    remark("<=", "or less", "or fewer", "or lower", "or below", "or under", "or younger");
    remark("<=", "or earlier", "or shorter", "at most", "no more than", "not more than");
    remark("<=", "up to", "maximum", "and below", "and under");
    remark(">", "more than", "greater than", "over", "above");
    remark("<", "less than", "fewer than", "smaller than", "under", "below");
    for (String word :
        ("north south east west northeast northwest southeast southwest northern southern eastern"
                + " western northward southward eastward westward up down upward upwards downward"
                + " downwards forward forwards backward backwards inward outward clockwise"
                + " counterclockwise anticlockwise increase decrease increased decreased gain loss"
                + " profit deficit surplus debt credit debit more less fewer additional extra ago"
                + " later earlier before after past late early older younger taller shorter longer"
                + " faster slower heavier lighter hotter colder warmer cooler higher lower"
                + " bc bce ad ce negative minus not except half halves third thirds quarter"
                + " quarters fourth fourths fifth fifths sixth sixths eighth eighths")
            .split(" ")) {
      REMARKS.put(word, word);
    }
  }

  private final List<String> pieces = new ArrayList<>();
  private final Set<String> remarks = new TreeSet<>();
  private final List<String> details = new ArrayList<>();
  private final List<String> nouns = new ArrayList<>();
  private final boolean afterDegrees;
  private Unit unit = Unit.ONE;
  private Unit last = Unit.ONE;
  private BigFraction scale = BigFraction.ONE;
  private String mark = "";
  private int sign = 1;
  private int power = 1;
  private boolean counted;

  private MeasureReader(String words, boolean afterDegrees) {
    this.afterDegrees = afterDegrees;
    Matcher matcher = PIECE.matcher(words);
    while (matcher.find()) {
      pieces.add(trimmed(matcher.group()));
    }
  }

  private static void remark(String meaning, String... phrases) {
    for (String phrase : phrases) {
      REMARKS.put(phrase, meaning);
    }
  }

  /**
   * What words say about the number beside them.
   *
   * @param words with signs as written: "m/s^2", "dollars per hour"
   * @param afterDegrees whether the number has a degree sign, so that C and N are words
   */
  static Measure read(String words, boolean afterDegrees) {
    MeasureReader reader = new MeasureReader(words, afterDegrees);
    if (reader.pieces.size() > MAX_WORDS) {
      return new Measure(
          Unit.ONE, BigFraction.ONE, "", List.of(), Set.of(words.strip().toLowerCase(Locale.ROOT)));
    }
    return reader.read();
  }

  /**
   * What words before a number say, which can only be a currency and remarks: "at least $".
   *
   * @throws NotUnderstoodException for other words
   */
  static Measure readBefore(String words) {
    MeasureReader reader = new MeasureReader(words, false);
    Measure measure = reader.read();
    boolean known = measure.isOnlyRemarks() || measure.isMoney();
    if (!known || !REMARKS.values().containsAll(measure.remarks())) {
      throw new NotUnderstoodException("words before a number: " + words);
    }
    return measure;
  }

  /** Whether a word without spaces is made of units: km/h, g/cm^{3}. */
  static boolean isProductOfUnits(String word) {
    return PRODUCT.matcher(word).matches() && isUnit(word);
  }

  /** Whether words are a unit and nothing else, as they stand in running text. */
  static boolean isUnit(String words) {
    MeasureReader reader = new MeasureReader(words, false);
    String last = reader.pieces.isEmpty() ? "" : reader.pieces.get(reader.pieces.size() - 1);
    if (last.isEmpty() || SILENT.contains(last) || UNSURE.contains(last) || last.equals("per")) {
      return false;
    }
    Measure measure = reader.read();
    return !reader.counted
        && (!measure.unit().isOne() || !measure.scale().equals(BigFraction.ONE))
        && DIRECTIONS.containsAll(measure.remarks());
  }

  private Measure read() {
    int at = 0;
    while (at < pieces.size()) {
      at += take(at);
    }
    endNouns();
    return new Measure(unit, scale, mark, details, remarks);
  }

  /** Reads what begins at a piece and says of how many pieces it was. */
  private int take(int at) {
    for (int length = 3; length > 0; length--) {
      String phrase = phrase(at, length);
      String remark = REMARKS.get(phrase);
      boolean isUnit = length > 1 && Units.isKnown(phrase);
      if (phrase.equals("per")) {
        endNouns();
        sign = -1;
        return 1;
      }
      if (remark != null) {
        remarks.add(remark);
        return length;
      }
      if (isUnit) {
        multiply(Units.find(phrase).orElseThrow());
        return length;
      }
    }
    word(pieces.get(at), at);
    return 1;
  }

  private String phrase(int at, int length) {
    return at + length > pieces.size()
        ? ""
        : String.join(" ", pieces.subList(at, at + length)).toLowerCase(Locale.ROOT);
  }

  private void word(String word, int at) {
    String lower = word.toLowerCase(Locale.ROOT);
    switch (lower) {
      case "" -> {}
      case "/" -> {
        endNouns();
        sign = -1;
      }
      case "·", "*" -> endNouns();
      case "a", "an" -> {
        endNouns();
        sign = unit.isOne() ? 1 : -1; // "miles an hour"
      }
      case "square", "sq" -> power = 2;
      case "cubic", "cu" -> power = 3;
      case "squared", "cubed" -> {
        if (unit.isOne() && nouns.isEmpty()) {
          remarks.add(lower); // "5 squared" is 25 or 5 square units
        } else {
          raise(lower.equals("squared") ? 2 : 3);
        }
      }
      case "degree", "degrees", "deg", "°" -> mark = "°";
      case "percent", "pct", "percentage", "%" -> mark = "%";
      default -> {
        if (word.startsWith("^")) {
          raise(Integer.parseInt(word.replaceAll("[^0-9-]", "")));
        } else if (!isScaleOfDegrees(word, at) && !isKnown(word) && !SILENT.contains(lower)) {
          nouns.add(singular(lower));
          counted = true;
        }
      }
    }
  }

  /** °C, degrees F, 30° N. */
  private boolean isScaleOfDegrees(String word, int at) {
    boolean degrees = at == 0 ? afterDegrees : mark.equals("°");
    int letter = "CFKNSEW".indexOf(word);
    if (!degrees || word.length() != 1 || letter < 0) {
      return false;
    }
    switch (word) {
      case "C" -> multiply(Units.find("celsius").orElseThrow());
      case "F" -> multiply(Units.find("fahrenheit").orElseThrow());
      case "K" -> multiply(Units.find("kelvin").orElseThrow());
      case "N" -> remarks.add("north");
      case "S" -> remarks.add("south");
      case "E" -> remarks.add("east");
      default -> remarks.add("west");
    }
    return true;
  }

  private boolean isKnown(String word) {
    Optional<BigFraction> factor = Units.scale(word);
    if (factor.isPresent()) {
      scale = scale.multiply(factor.get());
      return true;
    }
    Optional<Unit> known = Units.find(word);
    known.ifPresent(this::multiply);
    return known.isPresent();
  }

  private void multiply(Unit next) {
    remarks.addAll(nouns); // "Canadian dollars"
    nouns.clear();
    last = power * sign == 1 ? next : next.power(power * sign);
    unit = unit.times(last);
    if (next.powers().containsKey(Units.TEMPERATURE)) {
      mark = "";
    }
    sign = 1;
    power = 1;
  }

  /** "feet squared", "s^2": the unit read last, which stands once in the product already. */
  private void raise(int exponent) {
    if (exponent == 0 || Math.abs(exponent) > MAX_POWER) {
      throw new NotUnderstoodException("power of a unit");
    }
    endNouns();
    unit = unit.times(last.power(exponent - 1));
    last = last.power(exponent);
  }

  /** What is counted: the last noun is the unit, words before it are details. */
  private void endNouns() {
    if (nouns.isEmpty()) {
      return;
    }
    if (unit.isOne() || sign < 0) {
      String head = nouns.remove(nouns.size() - 1);
      details.addAll(nouns);
      nouns.clear();
      multiply(Unit.of(head, BigFraction.ONE));
    } else {
      details.addAll(nouns); // "cups of flour"
      nouns.clear();
    }
  }

  /** The singular of a noun, well enough to compare. */
  private static String singular(String noun) {
    if (IRREGULAR.containsKey(noun)) {
      return IRREGULAR.get(noun);
    }
    if (noun.endsWith("ies") && noun.length() > 4) {
      return noun.substring(0, noun.length() - 3) + "y";
    }
    for (String ending : new String[] {"shes", "ches", "xes", "sses"}) {
      if (noun.endsWith(ending)) {
        return noun.substring(0, noun.length() - 2);
      }
    }
    boolean plural = noun.length() > 3 && noun.endsWith("s") && !noun.endsWith("ss");
    return plural ? noun.substring(0, noun.length() - 1) : noun;
  }

  private static String trimmed(String piece) {
    String plain = piece;
    while (plain.endsWith(".") && !Units.isKnown(plain)) {
      plain = plain.substring(0, plain.length() - 1);
    }
    return plain;
  }
}
