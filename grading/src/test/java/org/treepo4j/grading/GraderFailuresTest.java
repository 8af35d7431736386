package org.treepo4j.grading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No input makes the grader itself fail; {@link AnswerGrader#grade} would throw if one did. */
class GraderFailuresTest {
  private static final long SMALL_STACK = 192 << 10;

  private static final String[] PIECES = {
    "0",
    "1",
    "2",
    "7",
    "12",
    "0.5",
    ".",
    "3e5",
    "٣",
    "²",
    "½",
    "x",
    "y",
    "i",
    "e",
    "AB",
    "π",
    "∞",
    "+",
    "-",
    "*",
    "/",
    "^",
    "_",
    "!",
    "%",
    "°",
    "=",
    "<",
    "≤",
    "≠",
    "≈",
    "∈",
    "∪",
    "±",
    "∓",
    ":",
    ",",
    ";",
    "|",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\\{",
    "\\}",
    "⟨",
    "⟩",
    " ",
    "$",
    "\n",
    "'",
    "&",
    "\\\\",
    "\\frac",
    "\\sqrt",
    "\\sqrt[3]",
    "\\binom",
    "\\log_2",
    "\\ln",
    "\\sin",
    "\\cot^{-1}",
    "\\arccos",
    "\\exp",
    "\\lfloor",
    "\\rfloor",
    "\\begin{pmatrix}",
    "\\end{pmatrix}",
    "\\begin{array}{c}",
    "\\end{array}",
    "\\text{cm}",
    "\\text{ and }",
    "\\text{(A)}",
    "\\mathbb{R}",
    "\\mathrm{km}",
    "\\overline{3}",
    "\\emptyset",
    "\\infty",
    "\\pi",
    "\\boxed{",
    "\\fbox 3",
    "million",
    "square feet",
    "m/s",
    " or more",
    "at least ",
    "\\$",
    "€",
    "^\\circ\\text{C}",
    " dozen ",
    " per ",
    "\\mathrm{~m}^{2}",
    "\\choose",
    "{,}",
    ",\\! ",
    "[\"",
    "\"]",
    "<think>",
    "####",
    "answer is ",
    "<answer>",
    "</answer>",
    "</think>"
  };

  private final AnswerGrader grader = new AnswerGrader();

  @Property(tries = 10_000)
  void everyPairGetsAGrade(@ForAll("answers") String prediction, @ForAll("answers") String answer) {
    grader.grade(prediction, answer);
    grader.grade("\\boxed{" + prediction + "}", answer);
    grader.same(prediction, answer);
  }

  @Property(tries = 3000)
  void everyAnswerIsItself(@ForAll("answers") String answer) {
    assertThat(grader.same(answer, answer)).isTrue();
    grader.grade("\\boxed{" + answer + " }", answer);
  }

  @Property(tries = 2000)
  void everyTextGetsAGrade(@ForAll String prediction, @ForAll String answer) {
    grader.grade(prediction, answer);
  }

  @Provide
  Arbitrary<String> answers() {
    return Arbitraries.of(PIECES).list().ofMinSize(1).ofMaxSize(14).map(p -> String.join("", p));
  }

  @ParameterizedTest
  @MethodSource
  void depthEndsAtALimitBeforeTheStackDoes(String deep) throws Exception {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Runnable grading =
        () -> {
          grader.grade("\\boxed{" + deep + "}", "7 + x");
          grader.grade("\\boxed{" + deep + "}", deep + " + 0");
          grader.same(deep, deep.replaceFirst("x", "y"));
          grader.grade("7 + x", deep);
          grader.grade(deep, "7 + x");
        };
    Thread thread = new Thread(null, grading, "small stack", SMALL_STACK);
    thread.setUncaughtExceptionHandler((t, e) -> failure.set(e));
    thread.start();
    thread.join();
    assertThat(failure.get()).isNull();
  }

  static List<String> depthEndsAtALimitBeforeTheStackDoes() {
    return List.of(
        "x^" + "-".repeat(3900) + "2",
        "\\sin " + "-".repeat(3900) + "2",
        "x" + "!".repeat(3900),
        "x" + "%".repeat(3900),
        "x" + "^2".repeat(1900),
        "x" + "^{2}".repeat(950),
        "1" + "/y".repeat(1900),
        "1" + "/2*3".repeat(900),
        "-".repeat(3900) + "x",
        "+".repeat(3900) + "x",
        "|".repeat(3900) + "x",
        "\\sin ".repeat(780) + "x",
        "\\sqrt".repeat(750) + "2",
        "\\frac".repeat(750) + "12",
        "\\log_".repeat(750) + "2",
        "\\lfloor ".repeat(480) + "x",
        "\\boxed".repeat(650) + "{3}",
        "\\text{".repeat(600) + "A" + "}".repeat(600),
        "\\text{\\text{$".repeat(270) + "A" + "}".repeat(540),
        "{".repeat(1900) + "x" + "}".repeat(1900),
        "\\begin{matrix}x&x\\\\x&x\\end{matrix}".repeat(90),
        "(".repeat(9) + "x" + ("!".repeat(50) + ")").repeat(9),
        "\\{".repeat(950) + "x" + "\\}".repeat(950),
        "x=".repeat(1900) + "1",
        "1:".repeat(1900) + "1",
        "1,".repeat(1900) + "1",
        "x_".repeat(1900) + "1",
        "2 ".repeat(1900) + "x",
        String.join("\\cdot", matrices(100)),
        String.join("+", matrices(100)));
  }

  private static List<String> matrices(int count) {
    return Collections.nCopies(count, "\\begin{matrix}x\\end{matrix}");
  }

  @Test
  void aFaultOfTheGraderIsNoWrongAnswer() {
    AnswerGrader faulty = new AnswerGrader(new Extraction(null, false), false, false);
    assertThatThrownBy(() -> faulty.grade("x".repeat(500) + "5", "7"))
        .isInstanceOf(GradingException.class)
        .hasMessageContaining("xx5\" against \"7\": java.lang.NullPointerException")
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(400));
  }
}
