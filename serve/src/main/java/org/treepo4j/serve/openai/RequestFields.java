package org.treepo4j.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.treepo4j.tokenizer.DroppedCharacters;

/** The fields of a JSON object; every complaint names the field. A null is an absent field. */
final class RequestFields {
  private final ObjectNode node;
  private final String prefix;

  RequestFields(ObjectNode node) {
    this(node, "");
  }

  private RequestFields(ObjectNode node, String prefix) {
    this.node = node;
    this.prefix = prefix;
  }

  /** Refuses fields of other names. */
  void allow(Set<String> names) throws ApiException {
    for (Iterator<String> all = node.fieldNames(); all.hasNext(); ) {
      String name = all.next();
      if (!names.contains(name)) {
        throw ApiException.unsupported(prefix + name, "is not known here");
      }
    }
  }

  Optional<JsonNode> get(String name) {
    JsonNode value = node.get(name);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
  }

  String text(String name) throws ApiException {
    return optionalText(name).orElseThrow(() -> wrong(name, "must be given"));
  }

  Optional<String> optionalText(String name) throws ApiException {
    Optional<JsonNode> value = get(name);
    if (value.isPresent() && !value.get().isTextual()) {
      throw wrong(name, "must be a text");
    }
    return value.map(JsonNode::textValue);
  }

  OptionalInt integer(String name, int least, int most) throws ApiException {
    Optional<JsonNode> value = get(name);
    if (value.isEmpty()) {
      return OptionalInt.empty();
    }
    JsonNode number = value.get();
    if (!number.isIntegralNumber()
        || !number.canConvertToInt()
        || number.intValue() < least
        || number.intValue() > most) {
      String bounds =
          most == Integer.MAX_VALUE ? "of at least " + least : "from " + least + " to " + most;
      throw wrong(name, "must be an integer " + bounds + ", was " + shown(number));
    }
    return OptionalInt.of(number.intValue());
  }

  Optional<Long> longInteger(String name) throws ApiException {
    Optional<JsonNode> value = get(name);
    if (value.isPresent() && !(value.get().isIntegralNumber() && value.get().canConvertToLong())) {
      throw wrong(name, "must be an integer of 64 bits, was " + shown(value.get()));
    }
    return value.map(JsonNode::longValue);
  }

  double number(String name, double least, double most, double otherwise) throws ApiException {
    Optional<JsonNode> value = get(name);
    if (value.isEmpty()) {
      return otherwise;
    }
    return number(name, value.get(), least, most);
  }

  double number(String name, JsonNode value, double least, double most) throws ApiException {
    if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
      throw wrong(name, "must be a number from " + least + " to " + most + ", was " + shown(value));
    }
    return value.doubleValue();
  }

  boolean flag(String name) throws ApiException {
    Optional<JsonNode> value = get(name);
    if (value.isPresent() && !value.get().isBoolean()) {
      throw wrong(name, "must be true or false, was " + shown(value.get()));
    }
    return value.map(JsonNode::booleanValue).orElse(false);
  }

  Optional<RequestFields> object(String name) throws ApiException {
    Optional<JsonNode> value = get(name);
    if (value.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(object(name, value.get()));
  }

  /** The fields of a value somewhere below this object. */
  RequestFields object(String name, JsonNode value) throws ApiException {
    if (!(value instanceof ObjectNode object)) {
      throw wrong(name, "must be an object");
    }
    return new RequestFields(object, prefix + name + ".");
  }

  /** An array; empty when absent. */
  Iterable<JsonNode> array(String name) throws ApiException {
    Optional<JsonNode> value = get(name);
    if (value.isPresent() && !value.get().isArray()) {
      throw wrong(name, "must be an array");
    }
    return value.isPresent() ? value.get() : Set.of();
  }

  Iterable<Map.Entry<String, JsonNode>> entries() {
    return node.properties();
  }

  ObjectNode node() {
    return node;
  }

  /** Refuses a text of which characters would be left out of its tokens. */
  void requireTokens(String name, DroppedCharacters dropped) throws ApiException {
    if (!dropped.isEmpty()) {
      throw wrong(
          name, "must not hold " + dropped + ", for which the model's tokenizer has no token");
    }
  }

  ApiException wrong(String name, String message) {
    return ApiException.field(prefix + name, message);
  }

  private static String shown(JsonNode value) {
    String text = value.toString();
    return text.length() <= 40 ? text : text.substring(0, 40) + "…";
  }
}
