package org.treepo4j.rl.train;

import java.nio.file.Path;
import java.util.List;
import org.treepo4j.model.Setting;

/**
 * Where a run's tasks come from.
 *
 * @param train files of tasks to learn on
 * @param test files of held-out tasks; may be empty
 */
public record TaskFiles(
    @Setting("files of tasks to learn on") List<Path> train,
    @Setting("files of held-out tasks for the accuracy") List<Path> test) {

  public static TaskFiles defaults() {
    return new TaskFiles(List.of(), List.of());
  }
}
