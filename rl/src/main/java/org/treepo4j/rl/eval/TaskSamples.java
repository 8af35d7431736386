package org.treepo4j.rl.eval;

import java.util.List;
import java.util.Objects;

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
}
