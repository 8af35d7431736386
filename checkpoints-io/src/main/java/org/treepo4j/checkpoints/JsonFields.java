package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Typed fields of a JSON object in a file; errors name file, field, what was expected and what was
 * found. A field that is null counts as absent, as in Hugging Face configurations.
 *
 * @param file named in errors
 * @param prefix path of the object inside the file, such as {@code "rope_scaling."}
 * @param object the object
 */
record JsonFields(Path file, String prefix, JsonNode object) {

  boolean has(String field) {
    return object.hasNonNull(field);
  }

  int positiveInt(String field) throws CheckpointException {
    JsonNode value = require(field);
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() <= 0) {
      throw unexpected(field, "a positive whole number");
    }
    return value.intValue();
  }

  int positiveInt(String field, int otherwise) throws CheckpointException {
    return has(field) ? positiveInt(field) : otherwise;
  }

  /** A whole number that is not negative. */
  long natural(String field) throws CheckpointException {
    JsonNode value = require(field);
    if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
      throw unexpected(field, "a whole number ≥ 0");
    }
    return value.longValue();
  }

  double number(String field) throws CheckpointException {
    JsonNode value = require(field);
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw unexpected(field, "a number");
    }
    return value.doubleValue();
  }

  double number(String field, double otherwise) throws CheckpointException {
    return has(field) ? number(field) : otherwise;
  }

  double positive(String field, double otherwise) throws CheckpointException {
    double value = number(field, otherwise);
    if (!(value > 0)) {
      throw unexpected(field, "a positive number");
    }
    return value;
  }

  boolean flag(String field, boolean otherwise) throws CheckpointException {
    if (!has(field)) {
      return otherwise;
    }
    if (!object.get(field).isBoolean()) {
      throw unexpected(field, "true or false");
    }
    return object.get(field).booleanValue();
  }

  String text(String field) throws CheckpointException {
    if (!require(field).isTextual()) {
      throw unexpected(field, "a string");
    }
    return object.get(field).textValue();
  }

  String text(String field, String otherwise) throws CheckpointException {
    return has(field) ? text(field) : otherwise;
  }

  /** A list of strings; empty where absent. */
  List<String> texts(String field) throws CheckpointException {
    List<String> texts = new ArrayList<>();
    if (has(field)) {
      if (!object.get(field).isArray()) {
        throw unexpected(field, "a list of strings");
      }
      for (JsonNode value : object.get(field)) {
        if (!value.isTextual()) {
          throw unexpected(field, "a list of strings");
        }
        texts.add(value.textValue());
      }
    }
    return texts;
  }

  /** A list of numbers. */
  List<Double> numbers(String field) throws CheckpointException {
    if (!require(field).isArray()) {
      throw unexpected(field, "a list of numbers");
    }
    List<Double> numbers = new ArrayList<>();
    for (JsonNode value : object.get(field)) {
      if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
        throw unexpected(field, "a list of numbers");
      }
      numbers.add(value.doubleValue());
    }
    return numbers;
  }

  /** One token id or a list of them; empty where absent. */
  List<Integer> tokenIds(String field) throws CheckpointException {
    List<Integer> ids = new ArrayList<>();
    if (has(field)) {
      JsonNode value = object.get(field);
      for (JsonNode id : value.isArray() ? value : List.of(value)) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
          throw unexpected(field, "token ids");
        }
        ids.add(id.intValue());
      }
    }
    return ids;
  }

  JsonFields object(String field) throws CheckpointException {
    if (!require(field).isObject()) {
      throw unexpected(field, "an object");
    }
    return new JsonFields(file, prefix + field + ".", object.get(field));
  }

  CheckpointException unexpected(String field, String expected) {
    String found = object.path(field).toString();
    return refused(prefix + field + ": expected " + expected + ", found " + quoted(found));
  }

  CheckpointException refused(String problem) {
    return new CheckpointException(file, problem);
  }

  private JsonNode require(String field) throws CheckpointException {
    if (!has(field)) {
      throw refused(prefix + field + " is missing");
    }
    return object.get(field);
  }
}
