package org.treepo4j.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.treepo4j.tokenizer.regex.Regex;

/**
 * Reads byte-level BPE from {@code vocab.json} and {@code merges.txt}, which do not say how text is
 * cut: the {@code tokenizer_class} does, and without one the vocabulary itself, which holds tokens
 * that only one of the usual patterns can give.
 */
final class VocabularyAndMerges {
  static final String QWEN2_PATTERN =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  static final String LLAMA3_PATTERN = QWEN2_PATTERN.replace("|\\p{N}|", "|\\p{N}{1,3}|");

  private static final String END_OF_TEXT = "<|endoftext|>";

  private VocabularyAndMerges() {}

  static TokenizerParts read(Path vocabularyFile, Path mergesFile, TokenizerConfig config)
      throws IOException {
    Section section = new Section(vocabularyFile, "", JsonFiles.MAPPER.createObjectNode());
    Map<String, Integer> ids =
        JsonFiles.read(vocabularyFile, parser -> JsonFiles.vocabulary(parser, section));
    Vocabulary vocabulary = new Vocabulary(ids, section);
    Section mergesSection = new Section(mergesFile, "", section.node());
    List<String> merges = new ArrayList<>();
    for (String line : JsonFiles.readText(mergesFile).split("\n")) {
      String merge = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
      if (!merge.isEmpty() && !merge.startsWith("#version")) {
        ModelFile.addMerge(merges, merge, mergesSection);
      }
    }
    ModelFile model = new ModelFile(ids, merges, new Section(mergesFile, "", section.node()));
    String pattern = pattern(config, vocabulary);
    boolean gpt2 = pattern.equals(PreTokenizerReader.GPT2_PATTERN);
    PreTokenizer split = SplitBehavior.ISOLATED.at(Regex.compile(pattern)::findAll, false);
    if (gpt2 && config.config().flag("add_prefix_space", false)) {
      split = PreTokenizer.sequence(List.of(PreTokenizerReader.PREFIX_SPACE, split));
    }
    boolean named = config.tokenWithRole("eos_token").isPresent();
    int endOfText = vocabulary.id(END_OF_TEXT) >= 0 ? vocabulary.id(END_OF_TEXT) : ids.size();
    return new TokenizerParts(
        vocabulary,
        named ? List.of() : List.of(AddedToken.special(END_OF_TEXT, endOfText)),
        gpt2 ? Normalizer.NONE : Normalizer.unicode(java.text.Normalizer.Form.NFC),
        split,
        model.build(vocabulary, true),
        PostProcessor.NONE,
        ByteLevelStage::new);
  }

  private static String pattern(TokenizerConfig config, Vocabulary vocabulary)
      throws TokenizerException {
    String tokenizerClass = config.tokenizerClass();
    return switch (tokenizerClass) {
      case "Qwen2Tokenizer", "Qwen2TokenizerFast" -> QWEN2_PATTERN;
      case "GPT2Tokenizer", "GPT2TokenizerFast" -> PreTokenizerReader.GPT2_PATTERN;
      case "" -> patternOf(vocabulary);
      default ->
          throw config
              .config()
              .child("tokenizer_class")
              .unsupported(tokenizerClass + " with vocab.json and merges.txt");
    };
  }

  /** Punctuation and a newline in one token rule out GPT-2; two digits in one rule out Qwen2. */
  private static String patternOf(Vocabulary vocabulary) {
    boolean newlineAfterPunctuation = vocabulary.id(";Ċ") >= 0 || vocabulary.id(".ĊĊ") >= 0;
    if (!newlineAfterPunctuation) {
      return PreTokenizerReader.GPT2_PATTERN;
    }
    return vocabulary.id("10") >= 0 ? LLAMA3_PATTERN : QWEN2_PATTERN;
  }
}
