package org.treepo4j.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.treepo4j.base.json.StrictJson;
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
  private static final int MOST_ZEROS = 400;
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

  /** A field that is used by its dotted path, whose texts must be Unicode. */
  private JsonNode used(String field) throws DataException {
    JsonNode value = find(fields, field);
    checkText(field, value);
    return value;
  }

  /** Refuses what no tokenizer can read: half of a surrogate pair, which JSON can spell. */
  void checkText(String field, JsonNode value) throws DataException {
    Optional<String> broken = StrictJson.brokenText(field, value);
    if (broken.isPresent()) {
      throw new DataException(place + ": " + broken.get());
    }
    if (!value.isPojo() && unreadable(value).isPresent()) {
      throw new DataException(place + ": " + field + ": " + kind(unreadable(value).get()));
    }
  }

  /** What in a value of a Parquet file has no value of JSON. */
  private static Optional<JsonNode> unreadable(JsonNode value) {
    if (value.isPojo()) {
      return Optional.of(value);
    }
    for (JsonNode part : value) {
      Optional<JsonNode> found = unreadable(part);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private Prompt prompt(String field) throws DataException {
    JsonNode value = used(field);
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
    JsonNode value = used(field);
    if (value.isArray() && value.size() == 1) {
      value = value.get(0);
    }
    if (value.isObject()) {
      return value.toString();
    }
    if (value.isNumber()) {
      return number(field, value);
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
    return solution ? ofSolution(field, text) : text;
  }

  /** The reference in a solution; one that nothing can equal would look like a low reward. */
  private String ofSolution(String field, String solution) throws DataException {
    String answer = GRADER.reference(solution).orElse(solution);
    if (answer.isBlank() || answer.contains("####")) {
      throw new DataException(
          place + ": " + field + ": expected an answer in \\boxed{…} or behind ####, was empty");
    }
    return answer;
  }

  /** As people write it, where that is of a sensible length: not 1E+3, but 1e999999 as it is. */
  private String number(String field, JsonNode value) throws DataException {
    if (value.isIntegralNumber()) {
      return value.asText();
    }
    if (!Double.isFinite(value.doubleValue()) && !value.isBigDecimal()) {
      throw new DataException(
          place + ": " + field + ": expected text or a number, was " + value.asText());
    }
    BigDecimal number = value.decimalValue();
    return Math.abs((long) number.scale()) > MOST_ZEROS
        ? number.toString()
        : number.toPlainString();
  }

  private String category(String field) throws DataException {
    JsonNode value = field == null ? MissingNode.getInstance() : used(field);
    return value.isValueNode() && !value.isNull() && !value.isPojo() ? value.asText() : "";
  }

  private DataException wrong(String field, String expected, JsonNode value) {
    return new DataException(place + ": " + field + ": " + expected + ", was " + kind(value));
  }

  /** What a value is called in messages. */
  static String kind(JsonNode value) {
    if (value.isMissingNode()) {
      return "absent";
    }
    if (value.isPojo()) {
      return "in a column that cannot be read: " + value.asText();
    }
    return value.isArray() && value.isEmpty() ? "an empty list" : StrictJson.kind(value);
  }
}
