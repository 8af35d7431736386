package org.treepo4j.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.PatternSyntaxException;
import org.treepo4j.tokenizer.regex.Regex;

/** A part of a JSON file that knows where it stands, so that complaints name file and field. */
record Section(Path file, String path, JsonNode node) {

  TokenizerException problem(String what) {
    return new TokenizerException(file, path.isEmpty() ? what : path + ": " + what);
  }

  /** The complaint about something this project does not do. */
  TokenizerException unsupported(String what) {
    return problem("unsupported " + what);
  }

  boolean has(String name) {
    return node.hasNonNull(name);
  }

  Section child(String name) {
    return new Section(file, path.isEmpty() ? name : path + "." + name, node.path(name));
  }

  Optional<Section> optional(String name) {
    return has(name) ? Optional.of(child(name)) : Optional.empty();
  }

  List<Section> children(String name) throws TokenizerException {
    Section list = child(name);
    if (!list.node.isArray()) {
      throw list.problem("expected a list");
    }
    List<Section> children = new ArrayList<>();
    for (JsonNode each : list.node) {
      children.add(new Section(file, list.path + "[" + children.size() + "]", each));
    }
    return children;
  }

  String text(String name) throws TokenizerException {
    JsonNode value = node.path(name);
    if (!value.isTextual()) {
      throw child(name).problem("expected a string");
    }
    return value.textValue();
  }

  String text(String name, String absent) throws TokenizerException {
    return has(name) ? text(name) : absent;
  }

  boolean flag(String name, boolean absent) throws TokenizerException {
    if (!has(name)) {
      return absent;
    }
    JsonNode value = node.get(name);
    if (!value.isBoolean()) {
      throw child(name).problem("expected true or false");
    }
    return value.booleanValue();
  }

  int integer(String name) throws TokenizerException {
    JsonNode value = node.path(name);
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
      throw child(name).problem("expected a whole number of at least 0");
    }
    return value.intValue();
  }

  /** The field {@code name}, which must be one character. */
  int character(String name, int absent) throws TokenizerException {
    if (!has(name)) {
      return absent;
    }
    String text = text(name);
    if (text.codePointCount(0, text.length()) != 1) {
      throw child(name).problem("expected one character");
    }
    return text.codePointAt(0);
  }

  /** A pattern {@code {"Regex": …}} compiled, or {@code {"String": …}} as it stands. */
  TextFinder finder(String name) throws TokenizerException {
    Section pattern = child(name);
    if (pattern.node.isTextual()) {
      return TextFinder.literal(pattern.node.textValue());
    }
    if (pattern.has("String")) {
      return TextFinder.literal(pattern.text("String"));
    }
    try {
      return Regex.compile(pattern.text("Regex"))::findAll;
    } catch (PatternSyntaxException e) {
      throw pattern.problem("regular expression: " + e.getDescription());
    }
  }
}
