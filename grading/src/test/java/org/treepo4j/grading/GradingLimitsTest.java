package org.treepo4j.grading;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Inputs made to keep a grader busy: all are wrong, counted as limited, and soon done. */
class GradingLimitsTest {
  private final AnswerGrader grader = new AnswerGrader();

  @ParameterizedTest
  @MethodSource
  void isCutOff(String prediction) {
    Grade grade = grader.grade("\\boxed{" + prediction + "}", "7 + x");
    assertThat(grade.correct()).isFalse();
    assertThat(grade.limited()).isTrue();
  }

  static List<String> isCutOff() {
    return List.of(
        "9^{9^{9^{9}}}",
        "9^{999999999999}",
        "(x+1)^{10^9}",
        "2^{2^{2^{2^{2^{2}}}}}",
        "1000000!",
        "((100!)!)!",
        "10^{10^{10}} + x",
        "1e9999",
        "(".repeat(5000) + "1" + ")".repeat(5000),
        "(".repeat(1000) + "1" + ")".repeat(1000),
        "\\sqrt{".repeat(500) + "2" + "}".repeat(500),
        "-".repeat(3000) + "1",
        "x^".repeat(1000) + "2",
        "1".repeat(3000) + "+x",
        "9".repeat(100_000),
        "(1+\\sqrt{2}+\\sqrt{3}+\\sqrt{5}+\\sqrt{7}+\\sqrt{11}+\\sqrt{13}+\\sqrt{17})^{50}",
        String.join("+", Collections.nCopies(300, "x^{900}")));
  }

  @ParameterizedTest
  @MethodSource
  void isSoonDone(String prediction) {
    assertThat(grader.grade(prediction, "7").correct()).isFalse();
    assertThat(grader.grade("7", prediction).correct()).isFalse();
  }

  static List<String> isSoonDone() {
    return List.of(
        "x".repeat(1 << 20),
        "\\boxed{".repeat(150_000),
        "\\boxed{".repeat(30_000),
        "{".repeat(200_000),
        "$".repeat(250_000),
        "$ a".repeat(80_000),
        "\\(".repeat(100_000),
        "\\[".repeat(100_000),
        "answer".repeat(40_000),
        "answer is ".repeat(25_000),
        "\nA:".repeat(80_000),
        "####".repeat(60_000),
        "1,".repeat(100_000),
        "1/".repeat(100_000),
        "**".repeat(100_000),
        "\\frac{".repeat(40_000),
        "\\text{".repeat(700),
        "\\boxed{" + "\\text{".repeat(600) + "}".repeat(601),
        "\\boxed{" + "1,".repeat(2000) + "}",
        "\\boxed{" + "|".repeat(2000) + "}",
        "\\boxed{" + "\\pm".repeat(700) + "x}");
  }

  @Test
  void aLongSolutionIsGraded() {
    String thought = "We add 12 and 15 and find $x_1 = 27$, which is not the answer yet.\n";
    Grade grade = grader.grade(thought.repeat(3000) + "So it is \\boxed{\\frac{14}{2}}.", "7");
    assertThat(grade.correct()).isTrue();
  }

  @Test
  void undefinedValuesDoNotUseUpTheDepth() {
    List<String> items =
        IntStream.range(1, 40).mapToObj(k -> "\\ln(-" + k + ")").collect(Collectors.toList());
    String set = "\\{" + String.join(", ", items) + "\\}";
    Collections.reverse(items);
    String reversed = "\\{" + String.join(", ", items) + "\\}";
    assertThat(grader.grade("\\boxed{" + reversed + "}", set))
        .isEqualTo(new Grade(true, Optional.of(reversed), false));
  }

  @Test
  void theVerdictDoesNotDependOnTime() {
    String slow = "\\boxed{(x+y+1)^{90}}";
    Grade first = grader.grade(slow, "(1+x+y)^{90}+1");
    for (int i = 0; i < 5; i++) {
      assertThat(grader.grade(slow, "(1+x+y)^{90}+1")).isEqualTo(first);
    }
  }
}
