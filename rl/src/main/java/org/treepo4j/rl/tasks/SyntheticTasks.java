package org.treepo4j.rl.tasks;

import java.util.List;
import java.util.stream.Collectors;

/** The synthetic tasks by name. */
public final class SyntheticTasks {
  private static final List<SyntheticTask> TASKS =
      List.of(new ChainSums(), new Countdown(), new Ledger());

  private SyntheticTasks() {}

  /**
   * @throws IllegalArgumentException for a name that does not exist; the message lists those that
   *     do
   */
  public static SyntheticTask named(String name) {
    return TASKS.stream()
        .filter(task -> task.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "task must be one of "
                        + TASKS.stream().map(SyntheticTask::name).collect(Collectors.joining(", "))
                        + ", was "
                        + name));
  }
}
