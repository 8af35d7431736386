package org.treepo4j.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads demonstrations from JSON lines, JSON arrays and Parquet files: {@code {"prompt": …,
 * "completion": …}}, plain {@code {"text": …}}, or a conversation {@code {"messages": […]}} that
 * ends with what the assistant says.
 */
public final class DemonstrationReader {
  private static final String ASSISTANT = "assistant";

  /** Which of the assistant's messages in a conversation are learned. */
  public enum Turns {
    /** Every one that follows another message, each after all that was said before it. */
    ALL,
    /** The last one alone. */
    LAST
  }

  private DemonstrationReader() {}

  /** All demonstrations of a file, of conversations all turns. */
  public static List<Demonstration> read(Path file) throws IOException {
    return read(file, Turns.ALL);
  }

  /**
   * All demonstrations of a file, in its order; a conversation gives one for each turn.
   *
   * @throws DataException naming file, line and field of the first row that is not one
   */
  public static List<Demonstration> read(Path file, Turns turns) throws IOException {
    List<Demonstration> demonstrations = new ArrayList<>();
    RowReader.read(file, row -> add(row, turns, demonstrations));
    if (demonstrations.isEmpty()) {
      throw new DataException(file, "expected at least one row, was empty");
    }
    return List.copyOf(demonstrations);
  }

  private static void add(TaskRow row, Turns turns, List<Demonstration> demonstrations)
      throws DataException {
    JsonNode fields = row.fields();
    if (fields.has("messages")) {
      demonstrations.addAll(conversation(row, fields.get("messages"), turns));
    } else if (fields.has("text")) {
      demonstrations.add(new Demonstration(new Prompt.Text(""), text(row, fields, "text", "text")));
    } else {
      demonstrations.add(
          new Demonstration(
              new Prompt.Text(text(row, fields, "prompt", "prompt")),
              text(row, fields, "completion", "completion")));
    }
  }

  private static List<Demonstration> conversation(TaskRow row, JsonNode messages, Turns turns)
      throws DataException {
    if (!messages.isArray()) {
      throw new DataException(
          row.place() + ": messages: expected a list, was " + TaskRow.kind(messages));
    }
    List<ChatMessage> conversation = new ArrayList<>();
    for (JsonNode message : messages) {
      String at = "messages[" + conversation.size() + "].";
      String role = text(row, message, "role", at + "role");
      if (role.isBlank()) {
        throw new DataException(row.place() + ": " + at + "role: expected a role, was blank");
      }
      conversation.add(new ChatMessage(role, text(row, message, "content", at + "content")));
    }
    int last = conversation.size() - 1;
    if (last < 1) {
      throw new DataException(
          row.place() + ": messages: expected at least two, was " + conversation.size());
    }
    if (!conversation.get(last).role().equals(ASSISTANT)) {
      throw new DataException(
          "%s: messages[%d].role: expected the conversation to end with the assistant, was %s"
              .formatted(row.place(), last, conversation.get(last).role()));
    }
    List<Demonstration> demonstrations = new ArrayList<>();
    for (int i = turns == Turns.LAST ? last : 1; i <= last; i++) {
      if (conversation.get(i).role().equals(ASSISTANT)) {
        demonstrations.add(
            new Demonstration(
                new Prompt.Conversation(conversation.subList(0, i)),
                conversation.get(i).content()));
      }
    }
    return demonstrations;
  }

  private static String text(TaskRow row, JsonNode object, String name, String field)
      throws DataException {
    JsonNode value = object.path(name);
    if (!value.isTextual()) {
      throw new DataException(
          row.place() + ": " + field + ": expected text, was " + TaskRow.kind(value));
    }
    row.checkText(field, value);
    return value.textValue();
  }
}
