package org.treepo4j.rl.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads tasks from JSON lines, {@code {"prompt": …, "answer": …}} on each. */
public final class TaskReader {
  private static final ObjectMapper JSON = new ObjectMapper();

  private TaskReader() {}

  /**
   * All tasks of a file, in its order.
   *
   * @throws DataException naming file, line and field of the first row that is not a task
   */
  public static List<Task> read(Path file) throws IOException {
    List<Task> tasks = new ArrayList<>();
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      long number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (!line.isBlank()) {
          tasks.add(task(file, number, line));
        }
      }
    } catch (MalformedInputException e) {
      throw new DataException(file, "expected UTF-8 text");
    }
    return List.copyOf(tasks);
  }

  private static Task task(Path file, long line, String text) throws DataException {
    JsonNode row;
    try {
      row = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new DataException(file, line, "expected one JSON object, " + e.getOriginalMessage());
    }
    String name = String.valueOf(file.getFileName());
    return new Task(
        name + ":" + line,
        new Prompt.Text(field(file, line, row, "prompt")),
        field(file, line, row, "answer"),
        row.path("category").asText(""),
        name);
  }

  private static String field(Path file, long line, JsonNode row, String name)
      throws DataException {
    JsonNode value = row.path(name);
    if (!value.isTextual() && !value.isNumber()) {
      throw new DataException(file, line, name + ": expected text, was " + shown(value));
    }
    return value.asText();
  }

  private static String shown(JsonNode value) {
    return value.isMissingNode() ? "absent" : value.getNodeType().name().toLowerCase();
  }
}
