package org.treepo4j.rl.data;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.treepo4j.checkpoints.CheckpointStore;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.checkpoints.gguf.GgufFile;
import org.treepo4j.checkpoints.gguf.GgufVocabulary;
import org.treepo4j.tokenizer.ChatTemplate;
import org.treepo4j.tokenizer.EmbeddedTokenizer;
import org.treepo4j.tokenizer.SpecialTokens;
import org.treepo4j.tokenizer.Tokenizer;
import org.treepo4j.tokenizer.TokenizerException;

/**
 * What goes with a model's weights to turn text into token ids and back: of a Hugging Face folder
 * its files, of a GGUF file its metadata.
 *
 * @param tokenizer text to ids and back
 * @param chatTemplate empty where the model has none
 * @param special the ids that texts begin and end with
 */
public record ModelTokenizer(
    Tokenizer tokenizer, Optional<ChatTemplate> chatTemplate, SpecialTokens special) {
  /** Stands for what an assistant says: something that no template holds itself. */
  private static final String ANSWER = "zqxanswerxqz";

  /** Whether a model has a tokenizer: a GGUF file always, a folder where one of its files is. */
  public static boolean isIn(Path model) {
    return ModelSource.isFile(model)
        || Stream.of("tokenizer.json", "vocab.json", "tokenizer.model")
            .anyMatch(name -> Files.exists(model.resolve(name)));
  }

  /**
   * Opens the tokenizer of a folder or a file.
   *
   * @throws IOException with the file and what is wrong with it
   */
  public static ModelTokenizer open(Path model) throws IOException {
    if (ModelSource.isFile(model)) {
      EmbeddedTokenizer embedded = embedded(model);
      return new ModelTokenizer(
          embedded.tokenizer(), embedded.chatTemplate(), embedded.specialTokens());
    }
    requireNoRun(model);
    Tokenizer tokenizer = Tokenizer.load(model);
    return new ModelTokenizer(
        tokenizer, ChatTemplate.load(model), SpecialTokens.load(model, tokenizer));
  }

  /** The chat template alone; empty where the model has none. */
  public static Optional<ChatTemplate> chatTemplate(Path model) throws IOException {
    if (ModelSource.isFile(model)) {
      return embedded(model).chatTemplate();
    }
    requireNoRun(model);
    return ChatTemplate.load(model);
  }

  private static void requireNoRun(Path folder) throws IOException {
    if (!isIn(folder)) {
      CheckpointStore.requireNoRun(folder);
    }
  }

  /**
   * The ids that end a text: what the model's configuration names, what the tokenizer's files name,
   * and what the chat template puts behind the assistant's messages. Files of one model often name
   * different ones.
   *
   * @param ofModel {@code eosTokenIds} of the model's configuration
   */
  public List<Integer> endTokens(List<Integer> ofModel) {
    Set<Integer> ends = new LinkedHashSet<>();
    special.end().ifPresent(ends::add);
    ends.addAll(ofModel);
    ends.addAll(special.eos());
    turnEnd().ifPresent(ends::add);
    return List.copyOf(ends);
  }

  /**
   * The token that the chat template puts behind a message of the assistant; empty where there is
   * no template, or none that puts a special token there.
   */
  public OptionalInt turnEnd() {
    if (chatTemplate.isEmpty()) {
      return OptionalInt.empty();
    }
    ArrayNode messages = JsonNodeFactory.instance.arrayNode();
    messages.addObject().put("role", "user").put("content", "a");
    messages.addObject().put("role", "assistant").put("content", ANSWER);
    String behind;
    try {
      String text = chatTemplate.get().render(messages, false);
      int end = text.lastIndexOf(ANSWER);
      behind = end < 0 ? "" : text.substring(end + ANSWER.length()).strip();
    } catch (TokenizerException e) {
      return OptionalInt.empty(); // a template for other conversations than this one
    }
    StringBuilder before = new StringBuilder();
    for (int id : tokenizer.encode(behind)) {
      if (tokenizer.isSpecial(id) || special.eos().contains(id)) {
        return OptionalInt.of(id);
      }
      before.append(tokenizer.decode(new int[] {id}, true));
      if (!before.toString().isBlank()) {
        break;
      }
    }
    return OptionalInt.empty();
  }

  /**
   * Writes the tokenizer of a GGUF file as the files of a Hugging Face folder, which give the same
   * ids. Those of a folder are carried over as they are, by others.
   *
   * @param model the model, of either kind
   * @param folder an existing folder
   */
  public static void writeConverted(Path model, Path folder) throws IOException {
    if (ModelSource.isFile(model)) {
      embedded(model).writeInto(folder);
    }
  }

  /**
   * A tokenizer for a GGUF file.
   *
   * @param vocabulary what the file is to say
   * @param notes in what little llama.cpp will tokenize otherwise, one sentence each
   */
  public record ForGguf(GgufVocabulary vocabulary, List<String> notes) {}

  /**
   * The tokenizer of a model of either kind for a GGUF file.
   *
   * @param config of the model, which says with what texts begin and end
   * @throws IOException when a GGUF file cannot say what the tokenizer does
   */
  public static ForGguf forGguf(Path model, ModelConfig config) throws IOException {
    if (ModelSource.isFile(model)) {
      try (GgufFile file = GgufFile.open(model)) {
        return new ForGguf(GgufVocabulary.read(file.metadata()), List.of());
      }
    }
    SpecialTokens special = SpecialTokens.load(model, Tokenizer.load(model));
    EmbeddedTokenizer.Converted converted =
        EmbeddedTokenizer.convert(
            model,
            config.vocabSize(),
            config.bosTokenId() >= 0 ? OptionalInt.of(config.bosTokenId()) : special.bos(),
            config.eosTokenIds().isEmpty() ? List.copyOf(special.eos()) : config.eosTokenIds());
    EmbeddedTokenizer.Fields fields = converted.fields();
    GgufVocabulary vocabulary =
        new GgufVocabulary(
            fields.kind(),
            fields.pattern(),
            fields.tokens(),
            fields.scores(),
            fields.types(),
            fields.merges(),
            fields.specialIds(),
            fields.addBos(),
            fields.addEos(),
            fields.addSpacePrefix(),
            fields.chatTemplate());
    return new ForGguf(vocabulary, converted.notes());
  }

  private static EmbeddedTokenizer embedded(Path model) throws IOException {
    try (GgufFile file = GgufFile.open(model)) {
      GgufVocabulary vocabulary = GgufVocabulary.read(file.metadata());
      return EmbeddedTokenizer.of(
          model,
          new EmbeddedTokenizer.Fields(
              vocabulary.model(),
              vocabulary.pre(),
              vocabulary.tokens(),
              vocabulary.scores(),
              vocabulary.types(),
              vocabulary.merges(),
              vocabulary.specialIds(),
              vocabulary.addBos(),
              vocabulary.addEos(),
              vocabulary.addSpacePrefix(),
              vocabulary.chatTemplate()));
    }
  }
}
