package org.treepo4j.checkpoints;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.treepo4j.base.files.InputFile;
import org.treepo4j.base.json.StrictJson;

/**
 * JSON from files of strangers: strict UTF-8, one value, no key twice, bounded size and nesting.
 */
final class HostileJson {
  private static final int DEEPEST = 32;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(DEEPEST)
                  .maxNumberLength(64)
                  .maxNameLength(65_536)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // Python writes NaN and Infinity; whoever reads such a field refuses them by its name.
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          // Names from a stranger's file must not live on in tables shared by the whole JVM.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private static final JsonMapper MAPPER = JsonMapper.builder(FACTORY).build();

  private HostileJson() {}

  /** A parser that fails on malformed UTF-8 instead of guessing an encoding. */
  static JsonParser parser(byte[] json) throws IOException {
    return FACTORY.createParser(
        new InputStreamReader(new ByteArrayInputStream(json), StandardCharsets.UTF_8.newDecoder()));
  }

  /**
   * The object a file holds.
   *
   * @throws CheckpointException when it is longer than {@code maxBytes} or no such object
   */
  static ObjectNode readObject(Path file, int maxBytes) throws CheckpointException {
    byte[] json = withoutMark(readBytes(file, maxBytes));
    try (JsonParser parser = parser(json)) {
      JsonNode node = MAPPER.readTree(parser);
      if (!(node instanceof ObjectNode object)) {
        throw new CheckpointException(file, "expected a JSON object");
      }
      if (parser.nextToken() != null) {
        throw new CheckpointException(file, "goes on after its closing }");
      }
      return object;
    } catch (IOException e) {
      throw refusal(file, "", e);
    }
  }

  /** What is wrong with the JSON, on one line and with its place. */
  static CheckpointException refusal(Path file, String where, IOException failure) {
    if (failure instanceof JsonProcessingException json) {
      String problem = where + "is not valid JSON: " + StrictJson.problem(json);
      if (json.getLocation() != null) {
        problem +=
            " (line "
                + json.getLocation().getLineNr()
                + ", column "
                + json.getLocation().getColumnNr()
                + ")";
      }
      return new CheckpointException(file, problem, failure);
    }
    if (failure instanceof CharacterCodingException) {
      return new CheckpointException(file, where + "is not valid UTF-8", failure);
    }
    return CheckpointException.of(file, "cannot be read", failure);
  }

  /** Without the byte order mark that Windows programs put before a text. */
  private static byte[] withoutMark(byte[] json) {
    boolean marked =
        json.length >= 3
            && json[0] == (byte) 0xEF
            && json[1] == (byte) 0xBB
            && json[2] == (byte) 0xBF;
    return marked ? Arrays.copyOfRange(json, 3, json.length) : json;
  }

  private static byte[] readBytes(Path file, int maxBytes) throws CheckpointException {
    try {
      Optional<String> problem = InputFile.problem(file, "JSON");
      if (problem.isPresent()) {
        throw new CheckpointException(file, problem.get());
      }
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot be read", e);
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new CheckpointException(file, "is larger than " + maxBytes + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot be read", e);
    }
  }
}
