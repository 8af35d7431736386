package org.treepo4j.base.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Exactly one JSON value in a text: anything behind it is refused, since two rows glued together
 * would otherwise lose the second without a word. A byte order mark before it is passed over, and
 * {@code NaN} and {@code Infinity}, which Python writes, are numbers: whoever uses a number sees
 * that it is not finite.
 */
public final class StrictJson {
  private static final int DEEPEST = 500;
  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
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
