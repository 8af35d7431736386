package org.treepo4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.treepo4j.base.InputException;
import org.treepo4j.base.json.StrictJson;

/** JSON objects from standard input, one a line, each answered by a line on standard output. */
final class JsonLines {
  static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private JsonLines() {}

  /** Answers one object; what it throws as {@link InputException} is reported with the line. */
  @FunctionalInterface
  interface Answer {
    ObjectNode of(ObjectNode request) throws IOException;
  }

  /** Answers every line of the input until its end. */
  static void answer(InputStream in, PrintWriter out, Answer answer) throws IOException {
    BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                in,
                StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)));
    long number = 0;
    try {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (line.isBlank()) {
          continue;
        }
        out.println(JSON.writeValueAsString(answer.of(object(line))));
        out.flush();
      }
    } catch (InputException | IllegalArgumentException e) {
      throw new InputException("stdin line " + number + ": " + e.getMessage());
    } catch (MalformedInputException e) {
      throw new InputException("stdin line " + (number + 1) + ": expected UTF-8 text");
    } catch (ResultStream.OutputException e) {
      throw e; // stdout's, which is no bad input
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static ObjectNode object(String line) {
    try {
      if (JSON.readTree(StrictJson.withoutMark(line)) instanceof ObjectNode object) {
        Optional<String> broken = StrictJson.brokenText("", object);
        if (broken.isPresent()) {
          throw new InputException(broken.get());
        }
        return object;
      }
    } catch (JsonProcessingException e) {
      throw new InputException("expected a JSON object: " + StrictJson.problem(e));
    }
    throw new InputException("expected a JSON object");
  }

  /** A text field. */
  static String text(ObjectNode request, String name) {
    JsonNode value = request.get(name);
    if (value == null || !value.isTextual()) {
      throw new InputException(name + ": expected text, was " + shown(value));
    }
    return value.textValue();
  }

  /** A field of whole numbers. */
  static int[] ids(ObjectNode request, String name) {
    JsonNode value = request.get(name);
    if (value == null || !value.isArray()) {
      throw new InputException(name + ": expected a list of token ids, was " + shown(value));
    }
    int[] ids = new int[value.size()];
    for (int i = 0; i < ids.length; i++) {
      JsonNode id = value.get(i);
      if (!id.isIntegralNumber() || !id.canConvertToInt()) {
        throw new InputException(name + "[" + i + "]: expected a token id, was " + shown(id));
      }
      ids[i] = id.intValue();
    }
    return ids;
  }

  private static String shown(JsonNode value) {
    return value == null ? "absent" : value.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
  }
}
