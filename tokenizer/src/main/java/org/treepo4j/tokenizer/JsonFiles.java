package org.treepo4j.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.base.Printable;
import org.treepo4j.base.files.InputFile;
import org.treepo4j.base.json.StrictJson;

/** Reads files from strangers: bounded in size and nesting, every complaint one line. */
final class JsonFiles {
  private static final long MAX_BYTES = 512L << 20;
  private static final int MAX_NESTING = 100;
  private static final int MAX_STRING = 20_000_000;

  /** Field names are the vocabulary: hundreds of thousands, each once, not worth interning. */
  static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_NESTING)
                          .maxStringLength(MAX_STRING)
                          .maxNameLength(MAX_STRING)
                          .maxDocumentLength(MAX_BYTES)
                          .build())
                  .build())
          .build();

  private JsonFiles() {}

  /** Reads from a parser placed on the first token of the file. */
  @FunctionalInterface
  interface Reading<T> {
    T read(JsonParser parser) throws IOException;
  }

  /** Opens a file and reads it, with all complaints of the JSON reader in one line. */
  static <T> T read(Path file, Reading<T> reading) throws IOException {
    checkSize(file);
    try (JsonParser parser = MAPPER.createParser(Files.readAllBytes(file))) {
      parser.nextToken();
      T result = reading.read(parser);
      if (parser.nextToken() != null) {
        throw new TokenizerException(file, "goes on after its JSON value");
      }
      return result;
    } catch (JsonProcessingException e) {
      String where =
          e.getLocation() == null
              ? ""
              : " at line "
                  + e.getLocation().getLineNr()
                  + ", column "
                  + e.getLocation().getColumnNr();
      throw new TokenizerException(file, "no valid JSON" + where + ": " + StrictJson.problem(e), e);
    } catch (java.io.CharConversionException e) {
      throw new TokenizerException(file, "no valid UTF-8: " + e.getMessage(), e);
    }
  }

  /** The object in a file; empty where there is no such file. */
  static Optional<Section> readObject(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    JsonNode node = read(file, parser -> MAPPER.readTree(parser));
    if (node == null || !node.isObject()) {
      throw new TokenizerException(file, "expected a JSON object");
    }
    return Optional.of(checked(new Section(file, "", node)));
  }

  /** A section whose texts are Unicode: half of a surrogate pair has no bytes to encode. */
  static Section checked(Section section) throws TokenizerException {
    Optional<String> broken = StrictJson.brokenText(section.path(), section.node());
    if (broken.isPresent()) {
      throw new TokenizerException(section.file(), broken.get());
    }
    return section;
  }

  /** The text of a UTF-8 file. */
  static String readText(Path file) throws IOException {
    checkSize(file);
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (java.nio.charset.CharacterCodingException e) {
      throw new TokenizerException(file, "no valid UTF-8", e);
    }
  }

  /** An object of token → id, read without a tree. The parser stands on its opening brace. */
  static Map<String, Integer> vocabulary(JsonParser parser, Section section) throws IOException {
    Map<String, Integer> ids = new HashMap<>();
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw section.problem("expected an object of token to id");
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String token = parser.currentName();
      if (parser.nextToken() != JsonToken.VALUE_NUMBER_INT) {
        throw section.problem("token '" + token + "' has no whole number as its id");
      }
      if (StrictJson.halfPair(token) >= 0) {
        throw section.problem("token '" + Printable.of(token) + "' is no Unicode text");
      }
      ids.put(token, parser.getIntValue());
    }
    return ids;
  }

  private static void checkSize(Path file) throws IOException {
    Optional<String> problem = InputFile.problem(file, "JSON");
    if (problem.isPresent()) {
      throw new TokenizerException(file, problem.get());
    }
    long size = Files.size(file);
    if (size > MAX_BYTES) {
      throw new TokenizerException(
          file, size + " bytes are more than the " + MAX_BYTES + " allowed");
    }
  }
}
