package org.treepo4j.rl.data;

import java.nio.file.Path;
import java.util.List;

/**
 * The tasks of one file, ready to be asked.
 *
 * @param file the file
 * @param tasks in its order, their prompts in the template
 * @param tooLong how many others were left out because their prompts are too long
 */
public record TaskFile(Path file, List<Task> tasks, int tooLong) {

  public TaskFile {
    tasks = List.copyOf(tasks);
  }

  /** The tasks of several files, in their order. */
  public static List<Task> allTasks(List<TaskFile> files) {
    return files.stream().flatMap(file -> file.tasks().stream()).toList();
  }
}
