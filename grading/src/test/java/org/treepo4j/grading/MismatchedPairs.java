package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Makes pairs of a solution and a reference that differ, in the ways in which solutions go wrong.
 * Every pair is unequal by the way it is made, not by a second opinion.
 */
final class MismatchedPairs {

  /**
   * A wrong answer.
   *
   * @param kind what is wrong with it
   * @param prediction the text of a solution
   * @param answer the reference
   */
  record Pair(String kind, String prediction, String answer) {}

  private static final String[][] UNEQUAL_UNITS = {
    {"\\text{ cm}", "\\text{ m}"},
    {"\\text{ feet}", "\\text{ inches}"},
    {" miles", " kilometers"},
    {"\\text{ cm}^2", "\\text{ cm}^3"},
    {"\\text{ square feet}", "\\text{ feet}"},
    {" hours", " minutes"},
    {" days", " weeks"},
    {" kg", " pounds"},
    {"\\%", "\\text{ dollars}"},
    {"^\\circ\\text{C}", "^\\circ\\text{F}"},
    {"^\\circ", "\\text{ rad}"},
    {"\\text{ cents}", "\\text{ dollars}"},
    {"\\text{ euros}", "\\text{ dollars}"},
    {" mph", " km/h"},
    {"\\text{ m/s}", "\\text{ m/s}^2"},
    {"\\text{ apples}", "\\text{ pears}"},
    {"\\text{ miles north}", "\\text{ miles south}"},
    {"\\text{ miles}", "\\text{ miles west}"},
    {"\\text{ or more}", ""},
    {"\\text{ or less}", "\\text{ or more}"},
    {"\\text{ dozen}", ""},
    {"\\text{ million}", "\\text{ thousand}"},
    {"\\text{ years ago}", "\\text{ years later}"},
    {"\\text{ liters}", "\\text{ gallons}"},
    {"\\text{ percentage points}", "\\%"}
  };

  private static final String[][] PHRASES = {
    {"So the answer is \\boxed{", "}."},
    {"The answer is ", "."},
    {"We add and find it.\n#### ", ""},
    {"Hence $", "$"},
    {"<answer>", "</answer>"},
    {"**Final Answer:** $", "$"}
  };

  private final Random random;

  MismatchedPairs(long seed) {
    this.random = new Random(seed);
  }

  List<Pair> make(int count) {
    List<Pair> pairs = new ArrayList<>();
    while (pairs.size() < count) {
      pairs.add(
          switch (pairs.size() % 10) {
            case 0 -> pair("another task's answer", value(5), value(7));
            case 1 -> digit();
            case 2 -> unit();
            case 3 -> pair("sign", "-" + positive(), positive());
            case 4 -> dropped();
            case 5 -> brackets();
            case 6 -> operator();
            case 7 -> swapped();
            case 8 -> relation();
            default -> scale();
          });
    }
    return pairs;
  }

  private Pair pair(String kind, String wrong, String right) {
    String[] phrase = PHRASES[random.nextInt(PHRASES.length)];
    return new Pair(kind, phrase[0] + wrong + phrase[1], right);
  }

  /** A value that is a multiple of a prime and of no other one here, so never that of another. */
  private String value(int prime) {
    int n = 1 + 2 * random.nextInt(50);
    String power = prime + "^{" + (1 + random.nextInt(3)) + "}";
    return switch (random.nextInt(6)) {
      case 0 -> "\\frac{" + prime + "}{" + (12 + 35 * random.nextInt(9)) + "}";
      case 1 -> "\\sqrt{" + prime + "}";
      case 2 -> power + "\\cdot 11";
      case 3 -> prime + "x+" + prime * n;
      case 4 -> "(" + prime + ", " + n + ")";
      default -> prime + ".5";
    };
  }

  private String positive() {
    int n = 1 + random.nextInt(9999);
    return switch (random.nextInt(5)) {
      case 0 -> String.valueOf(n);
      case 1 -> "\\frac{" + n + "}{7}";
      case 2 -> n + "\\sqrt{3}";
      case 3 -> n + ".25";
      default -> n + "\\pi";
    };
  }

  /** One digit of a number is another one. */
  private Pair digit() {
    String digits = String.valueOf(1_000_000 + random.nextInt(8_000_000));
    digits = digits.substring(0, 2 + random.nextInt(6));
    int at = random.nextInt(digits.length());
    char other = (char) ('0' + (digits.charAt(at) - '0' + 1 + random.nextInt(9)) % 10);
    String changed = digits.substring(0, at) + other + digits.substring(at + 1);
    String[] forms = {
      "%s", "%s.5", "0.%s1", "\\frac{%s}{11}", "x=%s", "%s^\\circ", "\\$%s", "%s\\%%"
    };
    String form = forms[random.nextInt(forms.length)];
    return pair(
        "digit",
        String.format(Locale.ROOT, form, changed),
        String.format(Locale.ROOT, form, digits));
  }

  private Pair unit() {
    String[] units = UNEQUAL_UNITS[random.nextInt(UNEQUAL_UNITS.length)];
    int first = random.nextInt(2);
    int n = 2 + random.nextInt(900);
    return pair("unit", n + units[first], n + units[1 - first]);
  }

  /** A list, set or point without one of its elements. */
  private Pair dropped() {
    List<String> all = distinct(2 + random.nextInt(5));
    List<String> some = new ArrayList<>(all);
    some.remove(random.nextInt(some.size()));
    String[][] forms = {{"", ""}, {"\\{", "\\}"}, {"(", ")"}};
    String[] form = forms[some.size() == 1 ? random.nextInt(2) : random.nextInt(3)];
    return pair("dropped", form[0] + listed(some) + form[1], form[0] + listed(all) + form[1]);
  }

  private List<String> distinct(int count) {
    List<String> numbers = new ArrayList<>();
    int n = -40;
    for (int i = 0; i < count; i++) {
      n += 1 + random.nextInt(20);
      numbers.add(random.nextInt(4) == 0 ? "\\frac{" + (2 * n + 1) + "}{2}" : String.valueOf(n));
    }
    Collections.shuffle(numbers, random);
    return numbers;
  }

  private static String listed(List<String> items) {
    return String.join(", ", items);
  }

  private Pair brackets() {
    int low = random.nextInt(50) - 25;
    String ends = low + ", " + (low + 1 + random.nextInt(30));
    String[] forms = {"(%s)", "[%s]", "(%s]", "[%s)", "\\{%s\\}"};
    int right = random.nextInt(forms.length);
    int wrong = (right + 1 + random.nextInt(forms.length - 1)) % forms.length;
    return pair("brackets", forms[wrong].replace("%s", ends), forms[right].replace("%s", ends));
  }

  private Pair operator() {
    int a = 2 + random.nextInt(20);
    int b = a + 3 + random.nextInt(40);
    String[] forms = {
      "A+Bx", "A-Bx", "Ax+B", "Ax-B", "AxB", "Bx^A", "\\frac{Ax}{B}", "A\\sqrt{Bx}"
    };
    int right = random.nextInt(forms.length);
    int wrong = (right + 1 + random.nextInt(forms.length - 1)) % forms.length;
    return pair("operator", filled(forms[wrong], a, b), filled(forms[right], a, b));
  }

  private static String filled(String form, int a, int b) {
    return form.replace("A", String.valueOf(a)).replace("B", String.valueOf(b));
  }

  /** Coordinates, fractions, powers and assignments the wrong way round. */
  private Pair swapped() {
    int a = 2 + random.nextInt(60);
    int b = a + 3 + random.nextInt(60);
    String[] forms = {
      "(A, B)", "\\frac{A}{B}", "A^{B}", "x=A, y=B", "A:B", "p=A,q=B;p=B,q=1", "[A, B]", "A-B"
    };
    String form = forms[random.nextInt(forms.length)];
    return pair("swapped", filled(form, b, a), filled(form, a, b));
  }

  private Pair relation() {
    int n = random.nextInt(100);
    String[] signs = {"x<", "x>", "x\\le ", "x\\ge ", "x=", "x\\ne "};
    int right = random.nextInt(signs.length);
    int wrong = (right + 1 + random.nextInt(signs.length - 1)) % signs.length;
    return pair("relation", signs[wrong] + n, signs[right] + n);
  }

  /** A decimal point or comma at another place, or no longer there. */
  private Pair scale() {
    int n = 11 + 10 * random.nextInt(800);
    String digits = String.valueOf(n);
    String[] forms = {
      digits,
      digits + "0",
      "0." + digits,
      "0.0" + digits,
      digits.charAt(0) + "." + digits.substring(1),
      digits + "{,}000",
      digits + "\\times 10^{4}"
    };
    int right = random.nextInt(forms.length);
    int wrong = (right + 1 + random.nextInt(forms.length - 1)) % forms.length;
    return pair("scale", forms[wrong], forms[right]);
  }
}
