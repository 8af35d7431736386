package org.treepo4j.rollout;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Typed fields of a JSON object from a stranger; every message names place and field. */
final class Fields {
  private static final int SHOWN_CHARACTERS = 40;

  private Fields() {}

  static JsonNode required(ObjectNode json, String name, String place) {
    JsonNode value = json.get(name);
    if (value == null || value.isNull()) {
      throw new IllegalArgumentException(place + " has no " + name);
    }
    return value;
  }

  static int integer(ObjectNode json, String name, String place) {
    return integer(required(json, name, place), name, place);
  }

  /** A number, or NaN where the field is absent. */
  static double number(ObjectNode json, String name, String place) {
    JsonNode value = json.get(name);
    return value == null || value.isNull() ? Double.NaN : number(value, name, place);
  }

  static int[] ints(ObjectNode json, String name, String place) {
    JsonNode array = array(json, name, place);
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = integer(array.get(i), name, place);
      if (values[i] < 0) {
        throw wrong(place, name, "token ids", array.get(i));
      }
    }
    return values;
  }

  /** Numbers, or all NaN where the field is absent. */
  static double[] doubles(ObjectNode json, String name, int length, String place) {
    double[] values = new double[length];
    if (!json.hasNonNull(name)) {
      Arrays.fill(values, Double.NaN);
      return values;
    }
    JsonNode array = array(json, name, place);
    if (array.size() != length) {
      throw new IllegalArgumentException(
          place + ": " + name + " must have " + length + " values, had " + array.size());
    }
    for (int i = 0; i < length; i++) {
      values[i] = number(array.get(i), name, place);
    }
    return values;
  }

  static List<ObjectNode> objects(ObjectNode json, String name, String place) {
    List<ObjectNode> objects = new ArrayList<>();
    for (JsonNode element : array(json, name, place)) {
      if (!(element instanceof ObjectNode object)) {
        throw wrong(place, name, "a list of objects", element);
      }
      objects.add(object);
    }
    return objects;
  }

  static String shown(JsonNode value) {
    String text = value.toString();
    return text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
  }

  private static JsonNode array(ObjectNode json, String name, String place) {
    JsonNode value = required(json, name, place);
    if (!value.isArray()) {
      throw wrong(place, name, "a list", value);
    }
    return value;
  }

  private static int integer(JsonNode value, String name, String place) {
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw wrong(place, name, "an integer", value);
    }
    return value.intValue();
  }

  private static double number(JsonNode value, String name, String place) {
    if (!value.isNumber()) {
      throw wrong(place, name, "a number", value);
    }
    return value.doubleValue();
  }

  private static IllegalArgumentException wrong(
      String place, String name, String expected, JsonNode value) {
    return new IllegalArgumentException(
        place + ": " + name + " must be " + expected + ", was " + shown(value));
  }
}
