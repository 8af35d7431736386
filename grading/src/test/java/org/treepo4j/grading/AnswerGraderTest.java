package org.treepo4j.grading;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class AnswerGraderTest {
  private final AnswerGrader grader = new AnswerGrader();

  @ParameterizedTest
  @MethodSource
  void cases(String line) {
    String[] fields = line.split(" \\| ", -1);
    Grade grade = grader.grade(fields[1].replace('⏎', '\n'), fields[2]);
    assertThat(grade.correct()).as(grade.toString()).isEqualTo(fields[0].equals("correct"));
  }

  static Stream<String> cases() throws IOException {
    try (InputStream in = AnswerGraderTest.class.getResourceAsStream("cases.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines().filter(line -> !line.isBlank() && !line.startsWith("#")).toList().stream();
    }
  }

  @Test
  void extractsTheLastBalancedBox() {
    assertThat(extracted("\\boxed{1} but no: \\boxed{\\frac{1}{2}} and \\boxed{3"))
        .isEqualTo("\\frac{1}{2}");
  }

  @Test
  void prefersBoxesToHashesToPhrasesToNumbers() {
    assertThat(extracted("\\boxed{1}\n#### 2\nThe answer is 3. There are 4.")).isEqualTo("1");
    assertThat(extracted("#### 2\nThe answer is 3. There are 4.")).isEqualTo("2");
    assertThat(extracted("The answer is 3. There are 4 left over in the end.")).isEqualTo("3");
    assertThat(extracted("There are 4 left over in the end.")).isEqualTo("4");
  }

  @Test
  void theOrderOfExtractionCanBeSet() {
    GradingSettings settings =
        new GradingSettings(
            List.of(ExtractionRule.HASHES, ExtractionRule.BOXED), false, false, false);
    AnswerGrader other = new AnswerGrader(settings);
    assertThat(other.grade("\\boxed{1}\n#### 2", "2").correct()).isTrue();
    assertThat(other.grade("There are 2", "2").extracted()).isEmpty();
  }

  @Test
  void decimalsMayBeRoundedWhereTheTaskAllowsIt() {
    AnswerGrader rounded =
        new AnswerGrader(new GradingSettings(List.of(ExtractionRule.values()), true, false, false));
    for (String[] pair :
        new String[][] {
          {"0.67", "\\frac{2}{3}"},
          {"(0.6, 2.6667]", "(\\frac35, \\frac83]"},
          {"1.414", "\\sqrt{2}"},
          {"4.12311", "\\sqrt{17}"},
          {"3.14", "\\pi"}
        }) {
      boolean known = !pair[1].equals("\\pi"); // its digits are not known to the grader
      assertThat(rounded.grade(pair[0], pair[1]).correct()).as(pair[0]).isEqualTo(known);
      assertThat(grader.grade(pair[0], pair[1]).correct()).as(pair[0]).isFalse();
    }
    assertThat(rounded.grade("0.66", "\\frac{2}{3}").correct()).isFalse();
    assertThat(rounded.grade("1", "\\frac{2}{3}").correct()).isFalse();
    assertThat(rounded.grade("0.51", "0.5").correct()).isFalse();
  }

  @Test
  void anAnswerInAThoughtWithoutEndCountsOnlyWhereItIsSet() {
    AnswerGrader lenient =
        new AnswerGrader(new GradingSettings(List.of(ExtractionRule.values()), false, true, false));
    String cut = "<think>So it may be \\boxed{5}";
    assertThat(grader.grade(cut, "5").correct()).isFalse();
    assertThat(grader.grade(cut, "5").extracted()).isEmpty();
    assertThat(lenient.grade(cut, "5").correct()).isTrue();
  }

  @Test
  void nothingIsExtractedFromNothing() {
    assertThat(grader.grade("", "5").extracted()).isEmpty();
    assertThat(grader.grade("I do not know.", "5").correct()).isFalse();
    assertThat(grader.grade(null, "5").correct()).isFalse();
    assertThat(grader.grade("5", null).correct()).isFalse();
  }

  private String extracted(String solution) {
    return grader.grade(solution, "").extracted().orElse("");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          3 + 76 = 79     | 79    | true
          79              | 79    | true
          79 apples       | 79    | true
          -7              | -7    | true
          1,079           | 1079  | true
          3 + 76          | 79    | false
          \\frac{158}{2}  | 79    | false
          \\sqrt{6241}    | 79    | false
          79 = 3 + 76     | 79    | false
          3 + 76 = 80     | 79    | false
          \\frac{2}{4}    | 1/2   | true
          """)
  void aNumberMayBeAskedForWorkedOut(String prediction, String answer, boolean correct) {
    AnswerGrader grader =
        new AnswerGrader(new GradingSettings(List.of(ExtractionRule.values()), false, false, true));
    assertThat(grader.grade(prediction, answer).correct()).isEqualTo(correct);
  }
}
