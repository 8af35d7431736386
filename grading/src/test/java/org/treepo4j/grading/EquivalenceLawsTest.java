package org.treepo4j.grading;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;

class EquivalenceLawsTest {
  private final AnswerGrader grader = new AnswerGrader();

  @Property(tries = 300)
  void everyExpressionEqualsItself(@ForAll("expressions") String expression) {
    assertThat(equal(expression, expression)).isTrue();
  }

  @Property(tries = 300)
  void equalityIsSymmetric(
      @ForAll("expressions") String left, @ForAll("expressions") String right) {
    assertThat(equal(left, right)).isEqualTo(equal(right, left));
  }

  @Property(tries = 300)
  void anExpressionEqualsItsSumWithZeroAndProductWithOne(@ForAll("expressions") String expression) {
    assertThat(equal("(" + expression + ")+0", expression)).isTrue();
    assertThat(equal("1\\cdot(" + expression + ")", expression)).isTrue();
  }

  @Property(tries = 300)
  void addingOneMakesADifference(@ForAll("expressions") String expression) {
    assertThat(equal("(" + expression + ")+1", expression)).isFalse();
  }

  @Property(tries = 300)
  void sumsAndProductsCommute(
      @ForAll("expressions") String left, @ForAll("expressions") String right) {
    assertThat(equal("(" + left + ")+(" + right + ")", "(" + right + ")+(" + left + ")")).isTrue();
    assertThat(equal("(" + left + ")(" + right + ")", "(" + right + ")(" + left + ")")).isTrue();
  }

  @Property(tries = 200)
  void scalingBothSidesKeepsAnEquation(
      @ForAll("expressions") String left,
      @ForAll("expressions") String right,
      @ForAll @IntRange(min = 2, max = 50) int factor) {
    String equation = "z+" + left + "=" + right;
    String scaled = factor + "(z+" + left + ")=" + factor + "(" + right + ")";
    assertThat(equal(scaled, equation)).isTrue();
    assertThat(equal("-" + factor + "(z+" + left + ")=-" + factor + "(" + right + ")", equation))
        .isTrue();
  }

  @Property(tries = 200)
  void scalingBothSidesKeepsAnInequalityAndNegativeFactorsTurnIt(
      @ForAll @IntRange(min = -99, max = 99) int bound,
      @ForAll @IntRange(min = 2, max = 50) int factor) {
    String inequality = "x+2y<" + bound;
    assertThat(equal(factor + "x+" + 2 * factor + "y<" + factor * bound, inequality)).isTrue();
    assertThat(equal("-x-2y>" + -bound, inequality)).isTrue();
    assertThat(equal("-x-2y<" + -bound, inequality)).isFalse();
  }

  @Property(tries = 300)
  void twoBoundsAreAnIntervalWithAndAndAUnionWithOr(
      @ForAll @IntRange(min = -99, max = 99) int low,
      @ForAll @IntRange(min = -99, max = 99) int high) {
    String both = "x>" + low + " and x<" + high;
    String either = "x>" + low + " or x<" + high;
    String interval = "(" + low + "," + high + ")";
    String union = "(-\\infty," + high + ")\\cup(" + low + ",\\infty)";
    assertThat(equal(both, interval)).isEqualTo(low < high);
    assertThat(equal(both, union)).isFalse();
    assertThat(equal(either, interval)).isFalse();
    assertThat(equal(either, union)).isTrue();
    assertThat(equal(both, either)).isFalse();
  }

  @Property(tries = 300)
  void aDecimalStandsForAFractionFromSixPlacesOn(
      @ForAll @IntRange(min = 1, max = 999) int top,
      @ForAll @IntRange(min = 1, max = 999) int bottom,
      @ForAll @IntRange(min = 1, max = 20) int places) {
    BigDecimal exact = new BigDecimal(top).divide(new BigDecimal(bottom), 40, RoundingMode.DOWN);
    boolean ends = exact.setScale(20, RoundingMode.DOWN).compareTo(exact) == 0;
    BigDecimal rounded = exact.setScale(places, RoundingMode.HALF_UP);
    boolean enough = !ends && places >= 6 && rounded.precision() >= 6;
    String fraction = "\\frac{" + top + "}{" + bottom + "}";
    boolean same = ends && rounded.compareTo(exact) == 0;
    assertThat(equal(rounded.toPlainString(), fraction)).isEqualTo(enough || same);
    BigDecimal next = rounded.add(BigDecimal.ONE.movePointLeft(places).multiply(BigDecimal.TEN));
    assertThat(equal(next.toPlainString(), fraction)).isFalse();
  }

  @Property(tries = 300)
  void scalingAFractionKeepsItsValue(
      @ForAll @IntRange(min = -999, max = 999) int top,
      @ForAll @IntRange(min = 1, max = 999) int bottom,
      @ForAll @IntRange(min = 2, max = 99) int factor) {
    String fraction = "\\frac{" + top + "}{" + bottom + "}";
    assertThat(equal((top * factor) + "/" + (bottom * factor), fraction)).isTrue();
    assertThat(equal((top * factor + 1) + "/" + (bottom * factor), fraction)).isFalse();
  }

  @Property(tries = 200)
  void theOrderOfASetDoesNotMatter(
      @ForAll @Size(min = 1, max = 8) List<@IntRange(min = -99, max = 99) Integer> members,
      @ForAll long seed) {
    List<Integer> shuffled = new ArrayList<>(members);
    Collections.shuffle(shuffled, new Random(seed));
    assertThat(equal(set(shuffled), set(members))).isTrue();
    assertThat(equal(list(shuffled), list(members))).isTrue();
    assertThat(equal(set(shuffled), set(members).replace("\\}", ", 1000\\}"))).isFalse();
  }

  @Property(tries = 200)
  void theOrderOfAPointMatters(
      @ForAll @IntRange(min = -99, max = 99) int x, @ForAll @IntRange(min = -99, max = 99) int y) {
    String point = "(" + x + ", " + y + ")";
    assertThat(equal("\\left( " + x + ",\\, " + y + " \\right)", point)).isTrue();
    assertThat(equal("(" + y + ", " + x + ")", point)).isEqualTo(x == y);
  }

  @Property(tries = 300)
  void spellingsOfANumberAreEqual(@ForAll @IntRange(min = 1000, max = 999_999_999) int number) {
    String grouped = String.format(java.util.Locale.ROOT, "%,d", number);
    for (String spelled :
        List.of(
            grouped,
            grouped.replace(",", "{,}"),
            grouped.replace(",", ",\\!"),
            grouped.replace(",", "\\,"),
            "\\$" + grouped,
            number + ".00",
            number + "\\text{ apples}")) {
      assertThat(equal(spelled, String.valueOf(number))).as(spelled).isTrue();
      assertThat(equal(spelled, String.valueOf(number + 1))).as(spelled).isFalse();
    }
  }

  @Property(tries = 300)
  void squareRootsAreExact(
      @ForAll @IntRange(min = 1, max = 60) int factor,
      @ForAll @IntRange(min = 2, max = 5000) int radicand) {
    String root = "\\sqrt{" + factor * factor * radicand + "}";
    assertThat(equal(factor + "\\sqrt{" + radicand + "}", root)).isTrue();
    assertThat(equal("\\frac{" + factor * radicand + "}{\\sqrt{" + radicand + "}}", root)).isTrue();
    assertThat(equal("\\sqrt{" + (factor * factor * radicand + 1) + "}", root)).isFalse();
  }

  @Property(tries = 300)
  void anyTextIsGradedWithoutAnException(@ForAll @StringLength(max = 80) String text) {
    assertThat(grader.grade(text, "5")).isNotNull();
    assertThat(grader.grade("\\boxed{" + text + "}", text)).isNotNull();
  }

  @Property(tries = 500)
  void latexLikeTextIsGradedWithoutAnException(@ForAll("latex") String text) {
    Grade grade = grader.grade("\\boxed{" + text + "}", "5+\\sqrt{" + text + "}");
    assertThat(grade).isNotNull();
  }

  @Provide
  Arbitrary<String> latex() {
    return Arbitraries.of(
            "\\frac",
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            "\\{",
            "\\}",
            "1",
            "23",
            "x",
            "\\sqrt",
            "^",
            "_",
            "+",
            "-",
            "\\pm",
            ",",
            "\\cup",
            "\\le",
            "=",
            "\\sin",
            "|",
            "!",
            "\\pi",
            "\\text{cm}",
            "%",
            "\\begin{pmatrix}",
            "\\end{pmatrix}",
            "&",
            "\\\\",
            "^\\circ",
            ":",
            "/",
            "\\log",
            "i",
            "e")
        .list()
        .ofMaxSize(25)
        .map(parts -> String.join("", parts));
  }

  @Provide
  Arbitrary<String> expressions() {
    Arbitrary<String> leaves =
        Arbitraries.of(
            "1",
            "2",
            "7",
            "12",
            "0.5",
            "\\frac{3}{4}",
            "x",
            "y",
            "n",
            "\\pi",
            "\\sqrt{2}",
            "\\sqrt{12}",
            "3i");
    return Arbitraries.recursive(() -> leaves, EquivalenceLawsTest::grown, 0, 3);
  }

  private static Arbitrary<String> grown(Arbitrary<String> smaller) {
    return Arbitraries.oneOf(
        binary("(%s+%s)", smaller),
        binary("(%s-%s)", smaller),
        binary("%s\\cdot %s", smaller),
        smaller.map(e -> "(" + e + ")^2"),
        smaller.map(e -> "\\frac{" + e + "}{3}"));
  }

  private static Arbitrary<String> binary(String form, Arbitrary<String> smaller) {
    return Combinators.combine(smaller, smaller).as(form::formatted);
  }

  private boolean equal(String prediction, String answer) {
    return grader.grade("\\boxed{" + prediction + "}", answer).correct();
  }

  private static String set(List<Integer> members) {
    return "\\{" + list(members) + "\\}";
  }

  private static String list(List<Integer> members) {
    return members.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }
}
