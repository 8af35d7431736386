package org.treepo4j.rl.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads tasks from JSON lines, JSON arrays and Parquet files; which it is, the file's content says.
 * The known forms of rows are those of {@link RowFormat}.
 */
public final class TaskReader {

  private TaskReader() {}

  /**
   * All tasks of a file whose rows have a known form, in its order.
   *
   * @throws DataException naming file, line and field of the first row that is not a task
   */
  public static List<Task> read(Path file) throws IOException {
    return read(file, FieldMapping.defaults());
  }

  /**
   * All tasks of a file, in its order.
   *
   * @throws DataException naming file, line and field of the first row that is not a task
   */
  public static List<Task> read(Path file, FieldMapping fields) throws IOException {
    List<Task> tasks = new ArrayList<>();
    RowReader.read(file, row -> tasks.add(row.task(fields)));
    if (tasks.isEmpty()) {
      throw new DataException(file, "expected at least one row, was empty");
    }
    return List.copyOf(tasks);
  }

  /**
   * The prompts of a file, in its order; answers are empty where rows have none.
   *
   * @throws DataException naming file, line and field of the first row that has no prompt
   */
  public static List<Task> readPrompts(Path file) throws IOException {
    List<Task> tasks = new ArrayList<>();
    RowReader.read(file, row -> tasks.add(row.prompt(FieldMapping.defaults())));
    return List.copyOf(tasks);
  }
}
