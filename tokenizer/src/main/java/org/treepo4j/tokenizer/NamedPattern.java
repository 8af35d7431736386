package org.treepo4j.tokenizer;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The rules that cut text into words before byte-level BPE, by the names that files of weights give
 * them ({@code tokenizer.ggml.pre}).
 *
 * @param splits regular expressions, each of which cuts what the one before left
 * @param wholeWords whether words that are tokens are not merged
 * @param addBos whether texts begin with BOS where the file does not say
 * @see <a
 *     href="https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp">llama.cpp</a>
 */
record NamedPattern(List<String> splits, boolean wholeWords, boolean addBos) {
  private static final String DIGIT = "\\p{N}";
  private static final String THREE_DIGITS = "[0-9][0-9][0-9]";

  private static final String CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";

  private static final String BREAKS = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final String WITH_MARKS =
      CONTRACTION
          + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*"
          + BREAKS;

  private static final String UPPER_THEN_LOWER =
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+";

  private static final String UPPER =
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*";

  private static final String SLASHED = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + BREAKS;

  private static final String TEKKEN = UPPER_THEN_LOWER + "|" + UPPER + "|\\p{N}" + SLASHED;

  private static final String GPT_4O =
      UPPER_THEN_LOWER + CONTRACTION + "?|" + UPPER + CONTRACTION + "?|\\p{N}{1,3}" + SLASHED;

  private static final String DEEPSEEK_3 =
      "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
          + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*"
          + BREAKS;

  private static final String BAILING =
      "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
          + "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";

  private static final String SEED =
      CONTRACTION + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+" + BREAKS;

  private static final String BLOOM = " ?[^(\\s|.,!?…。，、।۔،)]+";

  private static final Map<String, NamedPattern> BY_NAME = new LinkedHashMap<>();

  static {
    String gpt2 = PreTokenizerReader.GPT2_PATTERN;
    String qwen2 = VocabularyAndMerges.QWEN2_PATTERN;
    String llama3 = VocabularyAndMerges.LLAMA3_PATTERN;
    add("default", "[\\p{P}$+<=>^~|]+", gpt2, "\\p{N}+", THREE_DIGITS);
    for (String name :
        "gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de gigachat a.x-4.0 mellum modern-bert"
            .split(" ")) {
      add(name, gpt2);
    }
    for (String name : "mpt olmo jais trillion granite-docling exaone4".split(" ")) {
      add(name, gpt2);
    }
    for (String name : "starcoder refact command-r smollm codeshell exaone minerva-7b".split(" ")) {
      add(name, DIGIT, gpt2);
    }
    for (String name :
        "qwen2 deepseek-r1-qwen kormo f2llmv2 stablelm2 megrez hunyuan grok-2".split(" ")) {
      add(name, qwen2);
    }
    add("qwen35", WITH_MARKS);
    for (String name : "dbrx smaug-bpe glm4 chatglm-bpe".split(" ")) {
      add(name, llama3);
    }
    for (String name :
        "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2".split(" ")) {
      BY_NAME.put(name, new NamedPattern(List.of(llama3), true, true));
    }
    BY_NAME.put("tekken", new NamedPattern(List.of(TEKKEN), true, true));
    for (String name : "gpt-4o llama4 kanana2 minimax-m2".split(" ")) {
      add(name, GPT_4O);
    }
    add("falcon", "[\\p{P}$+<=>^~|`]+", gpt2, THREE_DIGITS);
    add(
        "deepseek-coder",
        "[\\r\\n]",
        "\\s?\\p{L}+",
        "\\s?\\p{P}+",
        "[\\u4e00-\\u9fa5\\u0800-\\u4e00\\uac00-\\ud7ff]+",
        DIGIT);
    for (String name : "deepseek-v3 hunyuan-dense".split(" ")) {
      add(name, "\\p{N}{1,3}", "[\\u4e00-\\u9fa5\\u3040-\\u309f\\u30a0-\\u30ff]+", DEEPSEEK_3);
    }
    for (String name : "bailingmoe bailingmoe2 llada-moe".split(" ")) {
      add(name, BAILING);
    }
    add("seed-coder", SEED);
    for (String name : "poro-chat bloom gpt3-finnish".split(" ")) {
      add(name, BLOOM);
    }
    add("viking", BLOOM, DIGIT);
  }

  NamedPattern {
    splits = List.copyOf(splits);
  }

  private static void add(String name, String... splits) {
    BY_NAME.put(name, new NamedPattern(Arrays.asList(splits), false, false));
  }

  static Optional<NamedPattern> named(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  /** The best known name of a rule; empty where it has none. */
  static Optional<String> nameOf(List<String> splits, boolean wholeWords) {
    return Stream.concat(
            Stream.of("gpt-2", "smollm", "qwen2", "llama-bpe"), BY_NAME.keySet().stream())
        .filter(
            name ->
                BY_NAME.get(name).splits().equals(splits)
                    && BY_NAME.get(name).wholeWords() == wholeWords)
        .findFirst();
  }

  /** All names, for messages and tests. */
  static List<String> names() {
    return List.copyOf(BY_NAME.keySet());
  }
}
