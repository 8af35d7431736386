package org.treepo4j.base.settings;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.Optional;

/** Names the setting whose value is YAML's {@code .nan} or {@code .inf}, which no setting takes. */
final class NotANumber {
  private NotANumber() {}

  /**
   * What to say of a value that could not be read; empty where it failed for another reason.
   *
   * @param key dotted key that the text was given for, or empty for a whole file
   */
  static Optional<String> problem(String key, JsonProcessingException e) {
    String said = String.valueOf(e.getOriginalMessage());
    if (!said.startsWith("Malformed numeric value") || !(e.getProcessor() instanceof JsonParser)) {
      return Optional.empty();
    }
    JsonParser parser = (JsonParser) e.getProcessor();
    StringBuilder name = new StringBuilder(key);
    for (String part : parser.getParsingContext().pathAsPointer().toString().split("/")) {
      if (part.matches("\\d+")) {
        name.append('[').append(part).append(']');
      } else if (!part.isEmpty()) {
        name.append(name.isEmpty() ? "" : ".").append(part);
      }
    }
    String value = said.substring(said.indexOf('\'') + 1, said.lastIndexOf('\''));
    return Optional.of(name + ": expected a finite number, was " + value);
  }
}
