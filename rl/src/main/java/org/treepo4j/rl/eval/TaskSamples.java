package org.treepo4j.rl.eval;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.treepo4j.rollout.FinishReason;

/**
 * All graded responses to one task.
 *
 * @param taskId the task
 * @param category its category, empty for none
 * @param samples at least one
 */
public record TaskSamples(String taskId, String category, List<Sample> samples) {

  public TaskSamples {
    Objects.requireNonNull(taskId, "taskId");
    Objects.requireNonNull(category, "category");
    samples = List.copyOf(samples);
    if (samples.isEmpty()) {
      throw new IllegalArgumentException("samples must hold at least one, was empty: " + taskId);
    }
  }

  int correct() {
    return (int) samples.stream().filter(Sample::correct).count();
  }

  /** Share of right responses: pass@1 of this task. */
  double accuracy() {
    return (double) correct() / samples.size();
  }

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
}
