package org.treepo4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * The tokens that a new model's configuration names, as {@code tokenizer_config.json} has them.
 *
 * @param bos beginning of a sequence; −1 for none
 * @param eos end of a sequence; −1 for none
 */
record SpecialTokens(int bos, int eos) {

  static SpecialTokens of(Path folder, Tokenizer tokenizer) throws IOException {
    Path file = folder.resolve("tokenizer_config.json");
    JsonNode config =
        Files.exists(file)
            ? JsonLines.JSON.readTree(file.toFile())
            : JsonLines.JSON.createObjectNode();
    return new SpecialTokens(
        id(config.path("bos_token"), tokenizer), id(config.path("eos_token"), tokenizer));
  }

  /** A token is named by its text, or by an object with its text in it. */
  private static int id(JsonNode token, Tokenizer tokenizer) {
    String text = token.isObject() ? token.path("content").asText("") : token.asText("");
    return text.isEmpty() ? -1 : tokenizer.id(text).orElse(-1);
  }
}
