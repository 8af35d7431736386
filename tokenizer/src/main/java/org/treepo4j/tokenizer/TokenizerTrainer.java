package org.treepo4j.tokenizer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.treepo4j.base.files.WholeFile;
import org.treepo4j.tokenizer.regex.Regex;

/**
 * Makes vocabularies and writes them as {@code tokenizer.json} and {@code tokenizer_config.json},
 * which any Hugging Face reader accepts. The same input gives the same files.
 */
public final class TokenizerTrainer {
  private static final int BYTES = 256;

  private final SpecialTokenNames names;

  /** A trainer whose tokenizers have these special tokens, with the ids from 0. */
  public TokenizerTrainer(SpecialTokenNames names) {
    this.names = names;
  }

  /**
   * Byte-level BPE: the special tokens, the 256 bytes, then the most frequent pairs, ties by the
   * lower ids. Text is cut by Qwen2's pattern, so digits stay apart; nothing is normalised, so that
   * decoding gives the text back.
   *
   * @param texts what to learn from
   * @param vocabSize how many tokens at most, special ones included; fewer where no pair is left
   *     that occurs twice
   * @param folder where the files go
   */
  public void trainByteLevel(Iterable<String> texts, int vocabSize, Path folder)
      throws IOException {
    int first = names.all().size();
    if (vocabSize < first + BYTES) {
      throw new IllegalArgumentException(
          "vocabSize must be at least " + (first + BYTES) + ", was " + vocabSize);
    }
    Map<String, Long> words = countWords(texts);
    Map<String, Integer> vocabulary = specialIds();
    TreeMap<Character, Integer> alphabet = new TreeMap<>();
    for (int b = 0; b < BYTES; b++) {
      alphabet.put(ByteAlphabet.character(b), b);
    }
    alphabet.keySet().forEach(c -> vocabulary.put(String.valueOf(c), vocabulary.size()));
    PairLearning learning = new PairLearning(vocabulary);
    words.forEach((word, count) -> learning.addWord(ByteAlphabet.spell(word), count));
    List<String> merges = learning.learn(vocabSize);
    ObjectNode model = model(vocabulary, merges);
    model.putNull("unk_token");
    ObjectNode json = tokenizer(model);
    ObjectNode byteLevel = JsonFiles.MAPPER.createObjectNode();
    byteLevel
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", false);
    ObjectNode cut = json.putObject("pre_tokenizer").put("type", "Sequence");
    ArrayNode stages = cut.putArray("pretokenizers");
    ObjectNode split = stages.addObject().put("type", "Split");
    split.putObject("pattern").put("Regex", VocabularyAndMerges.QWEN2_PATTERN);
    split.put("behavior", "Isolated").put("invert", false);
    stages.add(byteLevel);
    json.set("decoder", byteLevel);
    write(json, folder);
  }

  /**
   * One token for every character of an alphabet, in its order, after the special tokens; other
   * characters are the unknown token.
   *
   * @throws IllegalArgumentException when there is no unknown token
   */
  public void writeCharacterLevel(String alphabet, Path folder) throws IOException {
    if (names.unknown() == null) {
      throw new IllegalArgumentException("unknown must be given for a character vocabulary");
    }
    Map<String, Integer> vocabulary = specialIds();
    alphabet
        .codePoints()
        .forEach(c -> vocabulary.putIfAbsent(Character.toString(c), vocabulary.size()));
    ObjectNode model = model(vocabulary, List.of());
    model.put("unk_token", names.unknown());
    ObjectNode json = tokenizer(model);
    json.putNull("pre_tokenizer");
    json.putObject("decoder").put("type", "Fuse");
    write(json, folder);
  }

  private static Map<String, Long> countWords(Iterable<String> texts) {
    Regex pattern = Regex.compile(VocabularyAndMerges.QWEN2_PATTERN);
    Map<String, Long> words = new TreeMap<>();
    for (String text : texts) {
      pattern.findAll(
          text,
          0,
          text.length(),
          (start, end) -> words.merge(text.substring(start, end), 1L, Long::sum));
    }
    return words;
  }

  private Map<String, Integer> specialIds() {
    Map<String, Integer> ids = new LinkedHashMap<>();
    names.all().forEach(name -> ids.put(name, ids.size()));
    return ids;
  }

  private static ObjectNode model(Map<String, Integer> vocabulary, List<String> merges) {
    ObjectNode model = JsonFiles.MAPPER.createObjectNode();
    model.put("type", "BPE");
    model.putNull("dropout");
    model.putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix");
    model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
    ObjectNode ids = model.putObject("vocab");
    vocabulary.forEach(ids::put);
    ArrayNode pairs = model.putArray("merges");
    merges.forEach(pairs::add);
    return model;
  }

  private ObjectNode tokenizer(ObjectNode model) {
    ObjectNode json = JsonFiles.MAPPER.createObjectNode();
    json.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = json.putArray("added_tokens");
    specialIds()
        .forEach(
            (content, id) ->
                added.addObject().put("id", id).put("content", content).setAll(properties()));
    json.putNull("normalizer");
    if (names.bos() == null) {
      json.putNull("post_processor");
    } else {
      json.set("post_processor", beginWithBos(specialIds().get(names.bos())));
    }
    json.set("model", model);
    return json;
  }

  private static ObjectNode properties() {
    return JsonFiles.MAPPER
        .createObjectNode()
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
  }

  private ObjectNode beginWithBos(int id) {
    ObjectNode template = JsonFiles.MAPPER.createObjectNode().put("type", "TemplateProcessing");
    ArrayNode single = template.putArray("single");
    addPiece(single, "SpecialToken", names.bos(), 0);
    addPiece(single, "Sequence", "A", 0);
    ArrayNode pair = template.putArray("pair");
    addPiece(pair, "SpecialToken", names.bos(), 0);
    addPiece(pair, "Sequence", "A", 0);
    addPiece(pair, "Sequence", "B", 1);
    ObjectNode token = template.putObject("special_tokens").putObject(names.bos());
    token.put("id", names.bos());
    token.putArray("ids").add(id);
    token.putArray("tokens").add(names.bos());
    return template;
  }

  private static void addPiece(ArrayNode pieces, String kind, String id, int type) {
    pieces.addObject().putObject(kind).put("id", id).put("type_id", type);
  }

  private void write(ObjectNode json, Path folder) throws IOException {
    ObjectNode config = JsonFiles.MAPPER.createObjectNode();
    ObjectNode decoder = config.putObject("added_tokens_decoder");
    specialIds()
        .forEach(
            (content, id) ->
                decoder.putObject(id.toString()).put("content", content).setAll(properties()));
    config.put("bos_token", names.bos());
    config.put("clean_up_tokenization_spaces", false);
    config.put("eos_token", names.eos());
    config.put("pad_token", names.padding());
    config.put("tokenizer_class", "PreTrainedTokenizerFast");
    config.put("unk_token", names.unknown());
    List<ObjectNode> files = new ArrayList<>(List.of(json, config));
    List<String> fileNames = List.of("tokenizer.json", "tokenizer_config.json");
    for (int i = 0; i < files.size(); i++) {
      String text = files.get(i).toPrettyString();
      WholeFile.write(folder.resolve(fileNames.get(i)), text + "\n");
    }
  }
}
