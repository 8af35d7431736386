package org.treepo4j.rl.eval;

import java.util.Objects;
import java.util.Optional;
import org.treepo4j.rollout.FinishReason;

/**
 * One graded response.
 *
 * @param response its text, for people to read
 * @param answer its final answer as extracted, for the majority vote; empty where it has none
 * @param correct whether it is right
 * @param tokens length of the response
 * @param finish why it ended
 */
public record Sample(
    String response, Optional<String> answer, boolean correct, int tokens, FinishReason finish) {

  public Sample {
    Objects.requireNonNull(response, "response");
    Objects.requireNonNull(answer, "answer");
    Objects.requireNonNull(finish, "finish");
  }
}
