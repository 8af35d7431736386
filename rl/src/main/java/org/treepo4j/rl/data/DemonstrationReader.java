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

/**
 * Reads demonstrations from JSON lines: {@code {"prompt": …, "completion": …}}, plain {@code
 * {"text": …}}, or a conversation {@code {"messages": […]}} whose last message is learned.
 */
public final class DemonstrationReader {
  private static final ObjectMapper JSON = new ObjectMapper();

  private DemonstrationReader() {}

  /**
   * All demonstrations of a file, in its order.
   *
   * @throws DataException naming file, line and field of the first row that is not one
   */
  public static List<Demonstration> read(Path file) throws IOException {
    List<Demonstration> demonstrations = new ArrayList<>();
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      long number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (!line.isBlank()) {
          demonstrations.add(demonstration(file, number, line));
        }
      }
    } catch (MalformedInputException e) {
      throw new DataException(file, "expected UTF-8 text");
    }
    if (demonstrations.isEmpty()) {
      throw new DataException(file, "expected at least one JSON line, was empty");
    }
    return List.copyOf(demonstrations);
  }

  private static Demonstration demonstration(Path file, long line, String text)
      throws DataException {
    JsonNode row;
    try {
      row = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new DataException(file, line, "expected one JSON object, " + e.getOriginalMessage());
    }
    if (row.has("messages")) {
      return conversation(file, line, row.get("messages"));
    }
    if (row.has("text")) {
      return new Demonstration(new Prompt.Text(""), field(file, line, row, "text"));
    }
    return new Demonstration(
        new Prompt.Text(field(file, line, row, "prompt")), field(file, line, row, "completion"));
  }

  private static Demonstration conversation(Path file, long line, JsonNode messages)
      throws DataException {
    List<ChatMessage> conversation = new ArrayList<>();
    for (JsonNode message : messages) {
      conversation.add(
          new ChatMessage(
              field(file, line, message, "role"), field(file, line, message, "content")));
    }
    if (conversation.size() < 2) {
      throw new DataException(
          file, line, "messages: expected at least two, was " + conversation.size());
    }
    ChatMessage last = conversation.remove(conversation.size() - 1);
    return new Demonstration(new Prompt.Conversation(conversation), last.content());
  }

  private static String field(Path file, long line, JsonNode row, String name)
      throws DataException {
    JsonNode value = row.path(name);
    if (!value.isTextual()) {
      throw new DataException(
          file,
          line,
          name
              + ": expected text, was "
              + (value.isMissingNode() ? "absent" : value.getNodeType().name().toLowerCase()));
    }
    return value.textValue();
  }
}
