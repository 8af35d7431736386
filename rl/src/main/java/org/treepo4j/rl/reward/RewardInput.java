package org.treepo4j.rl.reward;

import java.util.Objects;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rollout.FinishReason;

/**
 * A response to be scored.
 *
 * @param task what was asked
 * @param response text of the response, without special tokens
 * @param responseTokens its length in tokens
 * @param finish why it ended
 * @param opening what the prompt already said of the response, such as {@code <think>}; the form of
 *     a response is that of both together
 */
public record RewardInput(
    Task task, String response, int responseTokens, FinishReason finish, String opening) {

  /** A response of which the prompt said nothing. */
  public RewardInput(Task task, String response, int responseTokens, FinishReason finish) {
    this(task, response, responseTokens, finish, "");
  }

  public RewardInput {
    Objects.requireNonNull(opening, "opening");
    Objects.requireNonNull(task, "task");
    Objects.requireNonNull(response, "response");
    Objects.requireNonNull(finish, "finish");
    if (responseTokens < 0) {
      throw new IllegalArgumentException(
          "responseTokens must not be negative, was " + responseTokens);
    }
  }
}
