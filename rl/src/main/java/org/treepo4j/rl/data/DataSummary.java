package org.treepo4j.rl.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.apache.commons.math3.stat.descriptive.DescriptiveStatistics;

/**
 * What was understood of a file of tasks.
 *
 * @param file the file
 * @param format form of most rows: a {@link RowFormat}, {@code MAPPED} where fields were named, or
 *     {@code UNKNOWN}; {@code PROMPT} rows have no answers
 * @param rows how many rows it has
 * @param tasks how many of them are tasks
 * @param badRows messages of the first rows that are none
 * @param promptCharacters lengths of the prompts
 * @param answerCharacters lengths of the answers
 * @param promptTokens lengths of the prompts in tokens, with a tokenizer
 * @param categories tasks by category, for files that have any
 * @param examples the first tasks
 */
public record DataSummary(
    String file,
    String format,
    long rows,
    long tasks,
    List<String> badRows,
    Lengths promptCharacters,
    Lengths answerCharacters,
    Optional<Lengths> promptTokens,
    Map<String, Integer> categories,
    List<Task> examples) {
  private static final int SHOWN = 3;

  /**
   * Reads a whole file; bad rows are counted instead of refused.
   *
   * @param promptTokens length of a prompt in tokens, where a tokenizer is known
   * @throws DataException where the file as a whole cannot be read
   */
  public static DataSummary of(
      Path file, FieldMapping fields, Optional<ToIntFunction<Prompt>> promptTokens)
      throws IOException {
    Collector collector = new Collector(fields, promptTokens);
    RowReader.read(file, collector::add);
    if (collector.rows == 0) {
      throw new DataException(file, "expected at least one row, was empty");
    }
    return collector.summary(file);
  }

  private static final class Collector {
    private final FieldMapping fields;
    private final Optional<ToIntFunction<Prompt>> promptTokens;
    private final Map<String, Integer> formats = new TreeMap<>();
    private final Map<String, Integer> categories = new TreeMap<>();
    private final List<String> badRows = new ArrayList<>();
    private final List<Task> examples = new ArrayList<>();
    private final DescriptiveStatistics prompts = new DescriptiveStatistics();
    private final DescriptiveStatistics answers = new DescriptiveStatistics();
    private final DescriptiveStatistics tokens = new DescriptiveStatistics();
    private long rows;

    Collector(FieldMapping fields, Optional<ToIntFunction<Prompt>> promptTokens) {
      this.fields = fields;
      this.promptTokens = promptTokens;
    }

    void add(TaskRow row) {
      rows++;
      Task task;
      try {
        task = row.prompt(fields);
      } catch (DataException e) {
        if (badRows.size() < SHOWN) {
          badRows.add(e.getMessage());
        }
        return;
      }
      String format =
          fields.prompt() != null ? "MAPPED" : row.format().map(Enum::name).orElse("MAPPED");
      formats.merge(format, 1, Integer::sum);
      if (!task.category().isEmpty()) {
        categories.merge(task.category(), 1, Integer::sum);
      }
      if (examples.size() < SHOWN) {
        examples.add(task);
      }
      prompts.addValue(task.prompt().text().length());
      answers.addValue(task.answer().length());
      promptTokens.ifPresent(length -> tokens.addValue(length.applyAsInt(task.prompt())));
    }

    DataSummary summary(Path file) {
      String format =
          formats.entrySet().stream()
              .max(Map.Entry.comparingByValue())
              .map(Map.Entry::getKey)
              .orElse("UNKNOWN");
      return new DataSummary(
          file.toString(),
          format,
          rows,
          prompts.getN(),
          List.copyOf(badRows),
          Lengths.of(prompts),
          Lengths.of(answers),
          promptTokens.map(length -> Lengths.of(tokens)),
          categories,
          List.copyOf(examples));
    }
  }
}
