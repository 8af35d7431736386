package org.treepo4j.serve.openai;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.treepo4j.base.json.StrictJson;

/** JSON from strangers and to them: nested little, no field twice, nothing behind the end. */
final class Json {
  private static final int MAX_NESTING = 64;
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_NESTING).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /**
   * @throws ApiException when these bytes are no JSON object
   */
  static ObjectNode readObject(byte[] bytes) throws ApiException {
    try {
      if (MAPPER.readTree(bytes) instanceof ObjectNode object) {
        Optional<String> broken = StrictJson.brokenText("", object);
        if (broken.isPresent()) {
          throw ApiException.badRequest(broken.get());
        }
        return object;
      }
    } catch (JsonProcessingException e) {
      throw ApiException.badRequest("the body is not JSON: " + StrictJson.problem(e));
    } catch (IOException e) {
      throw ApiException.badRequest("the body is not JSON in UTF-8");
    }
    throw ApiException.badRequest("the body must be a JSON object");
  }

  /** The value a text holds as JSON; null when it is none. */
  static JsonNode readText(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      return null;
    }
  }

  static byte[] bytes(JsonNode node) {
    try {
      return MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
