package org.treepo4j.rl.reward;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.commons.math3.fraction.BigFraction;
import org.treepo4j.base.json.StrictJson;
import org.treepo4j.grading.AnswerGrader;
import org.treepo4j.grading.ExtractionRule;
import org.treepo4j.grading.GradingSettings;

/**
 * Verifies the countdown game: the response's last expression must have the target as its value and
 * use every given number at most once. The task's answer holds both, {@code {"target": 24,
 * "numbers": [3, 5, 7]}}.
 *
 * <p>The expression is looked for in the last {@code \boxed{}}, {@code <answer>} or behind "answer
 * is"; without any of these the last line is taken. What stands behind "=" in it is left out.
 */
public record CountdownReward(double correct, double wrong) implements Reward {
  private static final AnswerGrader EXTRACTION =
      new AnswerGrader(
          new GradingSettings(
              List.of(ExtractionRule.BOXED, ExtractionRule.ANSWER_TAG, ExtractionRule.PHRASE),
              false,
              false,
              false));

  @Override
  public Score score(RewardInput input) throws IOException {
    JsonNode puzzle = StrictJson.parse(input.task().answer());
    if (!puzzle.path("target").isIntegralNumber() || !puzzle.path("numbers").isArray()) {
      throw new IOException(
          "answer: expected {\"target\": n, \"numbers\": […]}, was " + input.task().answer());
    }
    List<Long> numbers = new ArrayList<>();
    puzzle.path("numbers").forEach(number -> numbers.add(number.asLong()));
    String expression = expression(input.response());
    boolean solved = solves(expression, numbers, puzzle.path("target").asLong());
    return new Score(solved ? correct : wrong, solved, false, Optional.of(expression));
  }

  private static String expression(String response) {
    String found =
        EXTRACTION.grade(response, "").extracted().orElseGet(() -> lastLine(response.strip()));
    int equals = found.indexOf('=');
    return equals < 0 ? found : found.substring(0, equals);
  }

  private static String lastLine(String text) {
    return text.substring(text.lastIndexOf('\n') + 1);
  }

  /** Whether an expression reaches the target with the given numbers. */
  static boolean solves(String expression, List<Long> numbers, long target) {
    Optional<Arithmetic.Result> result = Arithmetic.evaluate(expression);
    if (result.isEmpty() || !result.get().value().equals(new BigFraction(target))) {
      return false;
    }
    List<Long> unused = new ArrayList<>(numbers);
    return result.get().numbers().stream().allMatch(unused::remove);
  }
}
