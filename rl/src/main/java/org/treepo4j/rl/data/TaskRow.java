package org.treepo4j.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.treepo4j.grading.AnswerGrader;

/**
 * A row of a file on its way to a task.
 *
 * @param place "file:line" or "file:row n" for messages
 * @param id the task's id
 * @param source the file's name
 * @param fields what the row holds
 */
record TaskRow(String place, String id, String source, JsonNode fields) {
  private static final AnswerGrader GRADER = new AnswerGrader();

  /** The task, with its answer. */
  Task task(FieldMapping mapping) throws DataException {
    Task task = prompt(mapping);
    if (mapping.prompt() == null && format().equals(Optional.of(RowFormat.PROMPT))) {
      throw wrong("answer", "expected text or a number", MissingNode.getInstance());
    }
    return task;
  }

  /** The task; its answer is empty where the row has none. */
  Task prompt(FieldMapping mapping) throws DataException {
    String promptField = mapping.prompt();
    String answerField = mapping.answer();
    String categoryField = mapping.category();
    if (promptField == null) {
      RowFormat format = format().orElseThrow(this::unrecognised);
      promptField = format.prompt();
      answerField = format.answer();
      categoryField = categoryField == null ? format.category() : categoryField;
    }
    Prompt prompt = prompt(promptField);
    String answer = answerField == null ? "" : answer(answerField);
    return new Task(id, prompt, answer, category(categoryField), source);
  }

  Optional<RowFormat> format() {
    return RowFormat.of(fields);
  }

  private DataException unrecognised() {
    List<String> names = new ArrayList<>();
    fields.fieldNames().forEachRemaining(names::add);
    return new DataException(
        place
            + ": expected prompt and answer, or another known form of row, was an object with "
            + (names.isEmpty() ? "no fields" : String.join(", ", names))
            + "; name the fields with data.fields.prompt and data.fields.answer");
  }

  /** A field by its dotted path; missing where any part is. */
  static JsonNode find(JsonNode row, String path) {
    if (row.has(path)) {
      return row.get(path);
    }
    JsonNode value = row;
    for (String name : path.split("\\.", -1)) {
      value = value.isObject() ? value.path(name) : MissingNode.getInstance();
    }
    return value;
  }

  private Prompt prompt(String field) throws DataException {
    JsonNode value = find(fields, field);
    if (value.isTextual()) {
      return new Prompt.Text(value.textValue());
    }
    if (!value.isArray() || value.isEmpty()) {
      throw wrong(field, "expected text or messages", value);
    }
    List<ChatMessage> messages = new ArrayList<>();
    for (JsonNode message : value) {
      String at = field + "[" + messages.size() + "]";
      JsonNode role = message.path("role");
      JsonNode content = message.path("content");
      if (!role.isTextual() || role.textValue().isBlank()) {
        throw wrong(at + ".role", "expected text", role);
      }
      if (!content.isTextual()) {
        throw wrong(at + ".content", "expected text", content);
      }
      messages.add(new ChatMessage(role.textValue(), content.textValue()));
    }
    return new Prompt.Conversation(messages);
  }

  /**
   * Text or a number, or a list with one of these; an object stays JSON for a reward that knows it.
   */
  private String answer(String field) throws DataException {
    JsonNode value = find(fields, field);
    if (value.isArray() && value.size() == 1) {
      value = value.get(0);
    }
    if (value.isObject()) {
      return value.toString();
    }
    if (value.isNumber()) {
      return value.isIntegralNumber() ? value.asText() : value.decimalValue().toPlainString();
    }
    if (!value.isTextual()) {
      throw wrong(field, "expected text or a number", value);
    }
    String text = value.textValue();
    boolean solution = text.contains("####") || text.contains("\\boxed");
    if (field.endsWith("solution") && !solution && text.contains("\n")) {
      throw new DataException(
          place + ": " + field + ": expected a solution with \\boxed{…} or ####, has neither");
    }
    return solution ? GRADER.reference(text).orElse(text) : text;
  }

  private String category(String field) {
    JsonNode value = field == null ? MissingNode.getInstance() : find(fields, field);
    return value.isValueNode() && !value.isNull() ? value.asText() : "";
  }

  private DataException wrong(String field, String expected, JsonNode value) {
    String kind =
        value.isMissingNode()
            ? "absent"
            : value.isArray() && value.isEmpty()
                ? "an empty list"
                : value.getNodeType().name().toLowerCase(Locale.ROOT);
    return new DataException(place + ": " + field + ": " + expected + ", was " + kind);
  }
}
