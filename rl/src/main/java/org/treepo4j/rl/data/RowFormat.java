package org.treepo4j.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/** Forms of rows that are recognised by their fields, in this order. */
public enum RowFormat {
  /** verl: {@code prompt} as messages, {@code reward_model.ground_truth}. */
  VERL("prompt", "reward_model.ground_truth", "data_source"),
  /** {@code {prompt, answer}}; the prompt may be messages, as in TRL. */
  PROMPT_ANSWER("prompt", "answer", "category"),
  /** TRL: {@code {prompt, solution}}. */
  PROMPT_SOLUTION("prompt", "solution", "category"),
  /** TRL: {@code {prompt, ground_truth}}. */
  PROMPT_GROUND_TRUTH("prompt", "ground_truth", "category"),
  /** GSM8K: {@code {question, answer}}, the answer behind ####. */
  GSM8K("question", "answer", "category"),
  /** MATH with answers: {@code {problem, answer}}. */
  MATH_ANSWER("problem", "answer", "type"),
  /** MATH: {@code {problem, solution}}, the answer in the last box. */
  MATH("problem", "solution", "type"),
  /** {@code {messages, answer}}. */
  MESSAGES_ANSWER("messages", "answer", "category"),
  /** {@code {input, target}}. */
  INPUT_TARGET("input", "target", "category"),
  /** {@code {prompt}} alone: fit for sampling, not for grading. */
  PROMPT("prompt", null, "category");

  private final String prompt;
  private final String answer;
  private final String category;

  RowFormat(String prompt, String answer, String category) {
    this.prompt = prompt;
    this.answer = answer;
    this.category = category;
  }

  String prompt() {
    return prompt;
  }

  /** Null for rows without one. */
  String answer() {
    return answer;
  }

  String category() {
    return category;
  }

  /** The form whose prompt and answer the row has. */
  static Optional<RowFormat> of(JsonNode row) {
    for (RowFormat format : values()) {
      if (!TaskRow.find(row, format.prompt).isMissingNode()
          && (format.answer == null || !TaskRow.find(row, format.answer).isMissingNode())) {
        return Optional.of(format);
      }
    }
    return Optional.empty();
  }
}
