package org.treepo4j.grading;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.treepo4j.testsupport.SharedData;

/** Agreement with other graders and with the answers of GSM8K and MATH. */
class ReferenceGradingTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final AnswerGrader grader = new AnswerGrader();

  @Test
  void agreesWithTheCasesOfOtherGraders() throws IOException {
    JsonNode cases =
        JSON.readTree(SharedData.require("grading/equivalence_examples.json").toFile());
    List<String> missed = new ArrayList<>();
    List<String> falsePositives = new ArrayList<>();
    for (JsonNode example : cases) {
      boolean expected = example.get("expected").asBoolean();
      Grade grade = grader.grade(example.get("pred").asText(), example.get("gold").asText());
      if (grade.correct() != expected) {
        missed.add(example.get("gold") + " | " + grade);
        if (!expected && example.get("suite").asText().startsWith("math-verify")) {
          falsePositives.add(example.toString());
        }
      }
    }
    assertThat(falsePositives).isEmpty();
    assertThat(missed).hasSizeLessThanOrEqualTo(cases.size() / 20);
  }

  @Test
  void gsm8kSolutionsEqualTheirOwnAnswersOnly() throws IOException {
    List<String> solutions = new ArrayList<>();
    for (String line : Files.readAllLines(SharedData.require("math/gsm8k_train.jsonl"))) {
      solutions.add(JSON.readTree(line).get("answer").asText());
    }
    assertOwnAnswersOnly(solutions, solutions);
  }

  @Test
  void mathAnswersEqualThemselvesOnly() throws IOException {
    List<String> answers = new ArrayList<>();
    List<String> solutions = new ArrayList<>();
    for (JsonNode row : JSON.readTree(SharedData.require("math/math_train7474.json").toFile())) {
      if (row.get("answer").isTextual()) {
        answers.add(row.get("answer").asText());
        solutions.add("So the answer is $\\boxed{" + row.get("answer").asText() + "}$.");
      }
    }
    assertOwnAnswersOnly(solutions, answers);
  }

  private void assertOwnAnswersOnly(List<String> solutions, List<String> answers) {
    Random random = new Random(7);
    List<String> missed = new ArrayList<>();
    List<String> confused = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) {
      Grade own = grader.grade(solutions.get(i), answers.get(i));
      if (!own.correct()) {
        missed.add(answers.get(i) + " | " + own);
      }
      String other = answers.get(random.nextInt(answers.size()));
      Grade foreign = grader.grade(solutions.get(i), other);
      if (foreign.correct() && !foreign.extracted().equals(extracted(other))) {
        confused.add(other + " | " + foreign);
      }
    }
    assertThat(missed).hasSizeLessThanOrEqualTo(answers.size() / 200);
    assertThat(confused).hasSizeLessThanOrEqualTo(answers.size() / 200);
  }

  private java.util.Optional<String> extracted(String answer) {
    return grader.grade(answer, answer).extracted();
  }
}
