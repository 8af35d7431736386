package org.treepo4j.rl.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.treepo4j.base.InputException;
import org.treepo4j.base.settings.Setting;

/** Where tasks come from and how they become prompts: the {@code data} settings. */
public record DataSettings(
    @Setting("files of tasks to learn on: JSON lines, JSON array or Parquet") List<Path> train,
    @Setting(
            value =
                "how often each file of train is drawn from, relative to the others; empty: by size",
            max = 1e9)
        List<Double> weights,
    @Setting("files of held-out tasks for the accuracy") List<Path> test,
    @Setting("which fields of a row hold what; unset: recognised") FieldMapping fields,
    @Setting("what is put around the question") PromptTemplate template,
    @Setting(
            value = "longest prompt in tokens; longer ones are left out; 0 for no limit",
            max = 1 << 22)
        int maxPromptTokens,
    @Setting("drawing tasks by how well they went lately") PoolSettings pools) {

  public DataSettings {
    train = List.copyOf(train);
    test = List.copyOf(test);
    weights = List.copyOf(weights);
    if (!weights.isEmpty() && weights.size() != train.size()) {
      throw new IllegalArgumentException(
          "weights must be one for each file of train ("
              + train.size()
              + "), was "
              + weights.size());
    }
    for (double weight : weights) {
      if (!(weight > 0) || Double.isInfinite(weight)) {
        throw new IllegalArgumentException("weights must be positive, was " + weight);
      }
    }
    Objects.requireNonNull(pools, "pools");
    if (maxPromptTokens < 0) {
      throw new IllegalArgumentException(
          "maxPromptTokens must not be negative, was " + maxPromptTokens);
    }
  }

  public static DataSettings defaults() {
    return new DataSettings(
        List.of(),
        List.of(),
        List.of(),
        FieldMapping.defaults(),
        PromptTemplate.defaults(),
        0,
        PoolSettings.defaults());
  }

  /** The same with other held-out files. */
  public DataSettings withTest(List<Path> files) {
    return new DataSettings(train, weights, files, fields, template, maxPromptTokens, pools);
  }

  /**
   * Refuses missing files before anything is read.
   *
   * @throws InputException naming the first
   */
  public void requireFiles() {
    if (train.isEmpty()) {
      throw new InputException("data.train: expected at least one file of tasks");
    }
    train.forEach(InputException::requireFile);
    test.forEach(InputException::requireFile);
  }

  /**
   * The tasks to learn on, each file read once.
   *
   * @param promptTokens length of a prompt in tokens
   * @throws DataException for a bad row, and where the length limit leaves nothing of a file
   */
  public List<TaskFile> readTrain(ToIntFunction<Prompt> promptTokens) throws IOException {
    List<TaskFile> files = read(train, promptTokens);
    for (TaskFile file : files) {
      if (file.tasks().isEmpty()) {
        throw new DataException(
            file.file(),
            "no prompt has at most " + maxPromptTokens + " tokens (data.maxPromptTokens)");
      }
    }
    return files;
  }

  /** The held-out tasks, each file read once. */
  public List<TaskFile> readTest(ToIntFunction<Prompt> promptTokens) throws IOException {
    return read(test, promptTokens);
  }

  /**
   * The endless row that the tasks to learn on are drawn in.
   *
   * @param files those of {@link #readTrain}
   * @throws InputException when pools are to tell tasks apart that have the same id
   */
  public TaskSource source(List<TaskFile> files, long seed) {
    if (pools.enabled()) {
      Set<String> ids = new HashSet<>();
      for (Task task : TaskFile.allTasks(files)) {
        if (!ids.add(task.id())) {
          throw new InputException(
              "data.pools: two tasks have the id "
                  + task.id()
                  + "; give each file of data.train another name");
        }
      }
    }
    return weights.isEmpty()
        ? new ShuffledTasks(TaskFile.allTasks(files), seed)
        : new WeightedTasks(files.stream().map(TaskFile::tasks).toList(), weights, seed);
  }

  private List<TaskFile> read(List<Path> files, ToIntFunction<Prompt> promptTokens)
      throws IOException {
    List<TaskFile> read = new ArrayList<>();
    for (Path file : files) {
      List<Task> kept = new ArrayList<>();
      List<Task> all = TaskReader.read(file, fields);
      for (Task task : all) {
        Task filled = template.apply(task);
        if (maxPromptTokens == 0 || length(file, filled, promptTokens) <= maxPromptTokens) {
          kept.add(filled);
        }
      }
      read.add(new TaskFile(file, kept, all.size() - kept.size()));
    }
    return List.copyOf(read);
  }

  private static int length(Path file, Task task, ToIntFunction<Prompt> promptTokens)
      throws DataException {
    try {
      return promptTokens.applyAsInt(task.prompt());
    } catch (IllegalArgumentException e) {
      throw new DataException(file, "task " + task.id() + ": " + e.getMessage());
    }
  }
}
