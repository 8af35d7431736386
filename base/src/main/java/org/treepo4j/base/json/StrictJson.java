package org.treepo4j.base.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.treepo4j.base.Printable;

/**
 * Exactly one JSON value in a text: anything behind it is refused, since two rows glued together
 * would otherwise lose the second without a word, and so is a field that stands twice in one
 * object, since one of its values would be lost. A byte order mark before it is passed over, and
 * {@code NaN} and {@code Infinity}, which Python writes, are numbers: whoever uses a number sees
 * that it is not finite.
 */
public final class StrictJson {
  private static final int DEEPEST = 500;
  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
                  .build())
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  /** Names of libraries' classes and features, and places in a source they do not show. */
  private static final Pattern OF_LIBRARY =
      Pattern.compile(
          " *\\([^()]*\\[Source:[^\\[\\]]*\\]\\)| *\\[Source:[^\\[\\]]*\\]|[(:,]? *enable `.*|[(:,]? *\\(?from `.*");

  private StrictJson() {}

  /**
   * The value of a text; missing where it is blank.
   *
   * @throws IOException saying in plain words what is wrong with it
   */
  public static JsonNode parse(String text) throws IOException {
    String json = withoutMark(text);
    try (JsonParser parser = MAPPER.createParser(json)) {
      JsonNode value = MAPPER.readTree(parser);
      if (value == null) {
        return MAPPER.missingNode();
      }
      if (hasMore(parser)) {
        throw new IOException("text after the " + kind(value));
      }
      return value;
    } catch (JsonProcessingException e) {
      throw new IOException(problem(e), e);
    }
  }

  /**
   * A parser of many values in one text, such as the rows of a list.
   *
   * @param text without a byte order mark
   */
  public static JsonParser parser(java.io.Reader text) throws IOException {
    return MAPPER.createParser(text);
  }

  /** The value a parser stands on, or the next one. */
  public static JsonNode value(JsonParser parser) throws IOException {
    return MAPPER.readTree(parser);
  }

  /** A text without the byte order mark that Windows programs put before it. */
  public static String withoutMark(String text) {
    return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text;
  }

  /** Whether anything but blanks follows the value a parser stands on. */
  public static boolean hasMore(JsonParser parser) throws IOException {
    try {
      return parser.nextToken() != null;
    } catch (JsonProcessingException e) {
      return true;
    }
  }

  /**
   * The first text in a value, names of fields included, that is no Unicode text: JSON can spell
   * half of a surrogate pair ("\\ud800"), which has no bytes in UTF-8 and would become another
   * character.
   *
   * @param field where the value stands, for the message; may be empty
   * @return "field: what is wrong"
   */
  public static Optional<String> brokenText(String field, JsonNode value) {
    if (value.isTextual()) {
      int half = halfPair(value.textValue());
      return half < 0 ? Optional.empty() : Optional.of(problem(field, value.textValue(), half));
    }
    if (!value.isContainerNode()) {
      return Optional.empty();
    }
    int index = 0;
    Iterator<String> names = value.isObject() ? value.fieldNames() : Collections.emptyIterator();
    for (JsonNode part : value) {
      String name = names.hasNext() ? names.next() : "[" + index++ + "]";
      String path = field + (value.isObject() && !field.isEmpty() ? "." : "") + name;
      int half = halfPair(name);
      Optional<String> broken =
          half < 0 ? brokenText(path, part) : Optional.of(problem(path, name, half));
      if (broken.isPresent()) {
        return broken;
      }
    }
    return Optional.empty();
  }

  private static String problem(String field, String text, int half) {
    return "%s%sexpected Unicode text, has half of a surrogate pair, \\u%04x, as character %d"
        .formatted(
            Printable.of(field), field.isEmpty() ? "" : ": ", (int) text.charAt(half), half + 1);
  }

  /** Where half of a surrogate pair stands; -1 where there is none. */
  public static int halfPair(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (pair) {
        i++;
      } else if (Character.isSurrogate(c)) {
        return i;
      }
    }
    return -1;
  }

  /** What a value is called in messages. */
  public static String kind(JsonNode value) {
    return switch (value.getNodeType()) {
      case ARRAY -> "list";
      case STRING -> "text";
      default -> value.getNodeType().name().toLowerCase(Locale.ROOT);
    };
  }

  /** What a JSON library has to say, in plain words: without its classes, features and sources. */
  public static String problem(JsonProcessingException failure) {
    String said = failure.getOriginalMessage();
    if (said == null) {
      return "not valid JSON";
    }
    if (said.startsWith("Duplicate field")) {
      return Printable.of(said.replaceFirst("^Duplicate field ('.*')$", "field $1 stands twice"));
    }
    if (said.contains("nesting depth")) {
      return "nested too deeply";
    }
    if (said.contains("exceeds the maximum")) {
      return "a text, name or number in it is too long";
    }
    if (said.startsWith("Non-standard token")) {
      return said.replaceFirst("^Non-standard token '([^']*)'.*", "$1 is no JSON value");
    }
    if (said.contains("Trailing token")) {
      return "text after the value";
    }
    String plain = OF_LIBRARY.matcher(said.lines().findFirst().orElse("")).replaceAll("").strip();
    plain = plain.replaceFirst(": was expecting \\(?JSON String.*", ", expected a JSON value");
    plain =
        plain.replaceFirst(": expected a valid value \\(JSON String.*", ", expected a JSON value");
    plain = plain.replaceFirst("\\(CTRL-CHAR, code ([0-9]+)\\)", "(code $1)");
    boolean library =
        plain.contains("`")
            || plain.contains("com.")
            || plain.contains("org.")
            || plain.contains("java.")
            || plain.contains("Feature");
    return library || plain.isEmpty() ? "not valid JSON" : plain;
  }
}
