package org.treepo4j.tokenizer;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads {@code tokenizer.json}. Its {@code truncation} and {@code padding} are left alone: they
 * belong to a training run, and the transformers library resets them as well.
 */
final class TokenizerJson {
  private TokenizerJson() {}

  static TokenizerParts read(Path file) throws IOException {
    Contents contents = contents(file);
    return assemble(contents.model(), contents.file());
  }

  /**
   * What a file holds.
   *
   * @param file all of it but the model
   */
  record Contents(ModelFile model, Section file) {}

  static Contents contents(Path file) throws IOException {
    return JsonFiles.read(file, parser -> contents(parser, file));
  }

  private static Contents contents(JsonParser parser, Path file) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw new TokenizerException(file, "expected a JSON object");
    }
    ObjectNode rest = JsonNodeFactory.instance.objectNode();
    ModelFile model = null;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      parser.nextToken();
      if (name.equals("model")) {
        model = ModelFile.read(parser, file);
      } else {
        JsonNode node = JsonFiles.MAPPER.readTree(parser);
        rest.set(name, node);
      }
    }
    if (model == null) {
      throw new TokenizerException(file, "has no model");
    }
    return new Contents(model, JsonFiles.checked(new Section(file, "", rest)));
  }

  /** A tokenizer of a model and the other sections of the file. */
  static TokenizerParts assemble(ModelFile model, Section file) throws TokenizerException {
    Optional<Section> normalizer = file.optional("normalizer");
    Optional<Section> preTokenizer = file.optional("pre_tokenizer");
    Optional<Section> postProcessor = file.optional("post_processor");
    Optional<Section> decoder = file.optional("decoder");
    PreTokenizerReader.Result cut =
        preTokenizer.isPresent()
            ? PreTokenizerReader.read(preTokenizer.get())
            : new PreTokenizerReader.Result(PreTokenizer.NONE, false);
    Vocabulary vocabulary = new Vocabulary(model.ids(), model.rest().child("vocab"));
    return new TokenizerParts(
        vocabulary,
        addedTokens(file, vocabulary),
        normalizer.isPresent() ? Normalizer.read(normalizer.get()) : Normalizer.NONE,
        cut.stages(),
        model.build(vocabulary, cut.spellsBytes()),
        postProcessor.isPresent() ? PostProcessor.read(postProcessor.get()) : PostProcessor.NONE,
        decoder.isPresent() ? Decoder.read(decoder.get()) : Decoder.SPACES);
  }

  private static List<AddedToken> addedTokens(Section file, Vocabulary vocabulary)
      throws TokenizerException {
    List<AddedToken> tokens = new ArrayList<>();
    Map<String, Integer> ids = new HashMap<>();
    if (file.has("added_tokens")) {
      List<Section> sections = file.children("added_tokens");
      for (Section each : sections) {
        int id = each.integer("id");
        String content = each.text("content");
        Vocabulary.checkId(id, content, vocabulary.count() + sections.size(), each);
        Integer other = ids.putIfAbsent(content, id);
        if (other != null && other != id) {
          throw each.problem("token '" + content + "' has the ids " + other + " and " + id);
        }
        tokens.add(addedToken(each, content, id));
      }
    }
    return tokens;
  }

  /** The token that a section of any of the files describes. */
  static AddedToken addedToken(Section section, String content, int id) throws TokenizerException {
    boolean special = section.flag("special", false);
    return new AddedToken(
        content,
        id,
        section.flag("single_word", false),
        section.flag("lstrip", false),
        section.flag("rstrip", false),
        section.flag("normalized", !special),
        special);
  }
}
