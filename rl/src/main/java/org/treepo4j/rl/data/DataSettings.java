package org.treepo4j.rl.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import org.treepo4j.model.Setting;

/** Where tasks come from and how they become prompts: the {@code data} settings. */
public record DataSettings(
    @Setting("files of tasks to learn on: JSON lines, JSON array or Parquet") List<Path> train,
    @Setting("how often each file of train is drawn from, relative to the others; empty: by size")
        List<Double> weights,
    @Setting("files of held-out tasks for the accuracy") List<Path> test,
    @Setting("which fields of a row hold what; unset: recognised") FieldMapping fields,
    @Setting("what is put around the question") PromptTemplate template,
    @Setting("longest prompt in tokens; longer ones are left out; 0 for no limit")
        int maxPromptTokens) {

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
    if (maxPromptTokens < 0) {
      throw new IllegalArgumentException(
          "maxPromptTokens must not be negative, was " + maxPromptTokens);
    }
  }

  public static DataSettings defaults() {
    return new DataSettings(
        List.of(), List.of(), List.of(), FieldMapping.defaults(), PromptTemplate.defaults(), 0);
  }

  /** The same with other held-out files. */
  public DataSettings withTest(List<Path> files) {
    return new DataSettings(train, weights, files, fields, template, maxPromptTokens);
  }

  /**
   * The tasks to learn on as an endless row.
   *
   * @param promptTokens length of a prompt in tokens
   * @throws DataException for a bad row, and where the length limit leaves nothing of a file
   */
  public TaskSource trainSource(ToIntFunction<Prompt> promptTokens, long seed) throws IOException {
    List<List<Task>> files = trainFiles(promptTokens);
    if (weights.isEmpty()) {
      return new ShuffledTasks(files.stream().flatMap(List::stream).toList(), seed);
    }
    return new WeightedTasks(files, weights, seed);
  }

  /**
   * The tasks to learn on, once each, in the order of the files.
   *
   * @throws DataException for a bad row, and where the length limit leaves nothing of a file
   */
  public List<Task> trainTasks(ToIntFunction<Prompt> promptTokens) throws IOException {
    return trainFiles(promptTokens).stream().flatMap(List::stream).toList();
  }

  private List<List<Task>> trainFiles(ToIntFunction<Prompt> promptTokens) throws IOException {
    List<List<Task>> files = new ArrayList<>();
    for (Path file : train) {
      List<Task> tasks = tasks(file, promptTokens);
      if (tasks.isEmpty()) {
        throw new DataException(
            file, "no prompt has at most " + maxPromptTokens + " tokens (data.maxPromptTokens)");
      }
      files.add(tasks);
    }
    return files;
  }

  /** The held-out tasks, in the order of the files. */
  public List<Task> testTasks(ToIntFunction<Prompt> promptTokens) throws IOException {
    List<Task> tasks = new ArrayList<>();
    for (Path file : test) {
      tasks.addAll(tasks(file, promptTokens));
    }
    return List.copyOf(tasks);
  }

  private List<Task> tasks(Path file, ToIntFunction<Prompt> promptTokens) throws IOException {
    List<Task> kept = new ArrayList<>();
    for (Task task : TaskReader.read(file, fields)) {
      Task filled = template.apply(task);
      if (maxPromptTokens == 0 || promptTokens.applyAsInt(filled.prompt()) <= maxPromptTokens) {
        kept.add(filled);
      }
    }
    return kept;
  }
}
