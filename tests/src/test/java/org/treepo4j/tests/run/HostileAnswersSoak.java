package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.treepo4j.grading.AnswerGrader;
import org.treepo4j.grading.Grade;

/**
 * Answers made to keep the grader busy or to break it. Not part of {@code verify}: docs/testing.md
 * has the command.
 */
class HostileAnswersSoak {
  private static final int ANSWERS = Integer.getInteger("soak.answers", 100_000);

  /**
   * Of processor time: the grader's steps are worth some 100 ms, arithmetic may take a few times
   * that.
   */
  private static final long MOST_MILLIS = 2000;

  private static final String[] PIECES = {
    "\\frac{",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    "\\{",
    "\\}",
    "^",
    "_",
    "!",
    "\\sqrt{",
    "\\sqrt[60]{",
    "9",
    "99999999",
    "0.",
    "e999",
    "x",
    "y",
    "\\pm",
    "\\cup",
    "\\cdot",
    "+",
    "-",
    "=",
    "<",
    "\\le ",
    ",",
    ";",
    ":",
    "|",
    "\\ln ",
    "\\log_",
    "\\sin ",
    "\\arctan ",
    "\\binom{99}{",
    "\\choose ",
    "\\text{",
    "\\text{ cm}^9",
    " per ",
    " dozen",
    " million",
    " or more",
    "at least ",
    "\\$",
    "$",
    "€",
    "^\\circ",
    "\\%",
    "{,}",
    ",\\! ",
    "\\boxed{",
    "####",
    "<think>",
    "</think>",
    "answer is ",
    "\\begin{pmatrix}",
    "\\end{pmatrix}",
    "&",
    "\\\\",
    "\\overline{",
    "\\infty",
    "\\pi",
    "i",
    "\n",
    "\u0000",
    "\ud800",
    "٣",
    "²",
    "[\"",
    "\"]",
    "\"",
    "\\"
  };

  @Test
  void everyAnswerIsGradedInTime() {
    AnswerGrader grader = new AnswerGrader();
    ThreadMXBean clock = ManagementFactory.getThreadMXBean();
    Random random = new Random(21);
    long slowest = 0;
    int limited = 0;
    for (int i = 0; i < ANSWERS; i++) {
      String prediction = answer(random);
      String reference = random.nextInt(3) == 0 ? prediction + "+0" : answer(random);
      long began = clock.getCurrentThreadCpuTime();
      Grade grade = grader.grade(random.nextBoolean() ? prediction : box(prediction), reference);
      long millis = (clock.getCurrentThreadCpuTime() - began) / 1_000_000;
      slowest = Math.max(slowest, millis);
      limited += grade.limited() ? 1 : 0;
      assertThat(millis).as("answer %d", i).isLessThan(MOST_MILLIS);
    }
    System.out.printf(
        Locale.ROOT,
        "soak %d hostile answers: none failed, %d limited, slowest %d ms%n",
        ANSWERS,
        limited,
        slowest);
  }

  private static String box(String content) {
    return "\\boxed{" + content + "}";
  }

  /** A few pieces, many, or one again and again. */
  private static String answer(Random random) {
    StringBuilder text = new StringBuilder();
    int kind = random.nextInt(10);
    int count = kind == 0 ? 1 + random.nextInt(2000) : 1 + random.nextInt(40);
    String repeated = PIECES[random.nextInt(PIECES.length)] + PIECES[random.nextInt(PIECES.length)];
    for (int i = 0; i < count; i++) {
      text.append(kind == 1 ? repeated : PIECES[random.nextInt(PIECES.length)]);
    }
    return text.toString();
  }
}
