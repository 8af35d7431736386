package org.treepo4j.checkpoints.gguf;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.treepo4j.checkpoints.CheckpointException;

/**
 * The tokenizer in a GGUF file's metadata, as it stands there.
 *
 * @param model the kind: {@code llama} or {@code gpt2}
 * @param pre the name of the rule that cuts text into words, empty where there is none
 * @param tokens by id
 * @param scores one for each token; empty where there are none
 * @param types one for each token: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6
 *     byte; empty where there are none
 * @param merges pairs of tokens with a space between, best first; empty where there are none
 * @param specialIds ids by role: bos, eos, eot, eom, unknown, padding, separator, mask
 * @param addBos whether texts begin with bos; empty where the file does not say
 * @param addEos whether texts end with eos; empty where the file does not say
 * @param addSpacePrefix whether a space is put in front of a text; empty where the file does not
 *     say
 * @param chatTemplate the source of the chat template
 */
public record GgufVocabulary(
    String model,
    String pre,
    List<String> tokens,
    Optional<double[]> scores,
    Optional<long[]> types,
    Optional<List<String>> merges,
    Map<String, Integer> specialIds,
    Optional<Boolean> addBos,
    Optional<Boolean> addEos,
    Optional<Boolean> addSpacePrefix,
    Optional<String> chatTemplate) {

  static final String TOKENS = "tokenizer.ggml.tokens";

  private static final List<String> ROLES =
      List.of("bos", "eos", "eot", "eom", "unknown", "padding", "seperator", "mask");

  /**
   * Reads the keys under {@code tokenizer}.
   *
   * @throws CheckpointException when one is missing or of the wrong type
   */
  public static GgufVocabulary read(GgufMetadata metadata) throws CheckpointException {
    String model = metadata.text("tokenizer.ggml.model");
    List<String> tokens =
        metadata.texts(TOKENS).orElseThrow(() -> metadata.refused(TOKENS + " is missing"));
    Map<String, Integer> specialIds = new TreeMap<>();
    for (String role : ROLES) {
      specialId(metadata, role, tokens.size())
          .ifPresent(id -> specialIds.put(role.equals("seperator") ? "separator" : role, id));
    }
    return new GgufVocabulary(
        model,
        metadata.text("tokenizer.ggml.pre", ""),
        tokens,
        metadata.numbers("tokenizer.ggml.scores"),
        metadata.integers("tokenizer.ggml.token_type"),
        metadata.texts("tokenizer.ggml.merges"),
        specialIds,
        flag(metadata, "tokenizer.ggml.add_bos_token"),
        flag(metadata, "tokenizer.ggml.add_eos_token"),
        flag(metadata, "tokenizer.ggml.add_space_prefix"),
        metadata.has("tokenizer.chat_template")
            ? Optional.of(metadata.text("tokenizer.chat_template"))
            : Optional.empty());
  }

  /** Puts the keys under {@code tokenizer}; the inverse of {@link #read}. */
  void writeTo(Map<String, GgufValue> metadata) {
    metadata.put("tokenizer.ggml.model", GgufValue.text(model));
    if (!pre.isEmpty()) {
      metadata.put("tokenizer.ggml.pre", GgufValue.text(pre));
    }
    metadata.put(TOKENS, GgufValue.texts(tokens));
    scores.ifPresent(each -> metadata.put("tokenizer.ggml.scores", GgufValue.f32s(each)));
    types.ifPresent(each -> metadata.put("tokenizer.ggml.token_type", GgufValue.i32s(each)));
    merges.ifPresent(each -> metadata.put("tokenizer.ggml.merges", GgufValue.texts(each)));
    for (String role : ROLES) {
      Integer id = specialIds.get(role.equals("seperator") ? "separator" : role);
      if (id != null) {
        metadata.put("tokenizer.ggml." + role + "_token_id", GgufValue.u32(id));
      }
    }
    addBos.ifPresent(is -> metadata.put("tokenizer.ggml.add_bos_token", GgufValue.flag(is)));
    addEos.ifPresent(is -> metadata.put("tokenizer.ggml.add_eos_token", GgufValue.flag(is)));
    addSpacePrefix.ifPresent(
        is -> metadata.put("tokenizer.ggml.add_space_prefix", GgufValue.flag(is)));
    chatTemplate.ifPresent(
        template -> metadata.put("tokenizer.chat_template", GgufValue.text(template)));
  }

  private static Optional<Boolean> flag(GgufMetadata metadata, String key)
      throws CheckpointException {
    return metadata.has(key) ? Optional.of(metadata.flag(key, false)) : Optional.empty();
  }

  /** The id of a role; the kind {@code llama} has 0, 1 and 2 where the file does not say. */
  static OptionalInt specialId(GgufMetadata metadata, String role, int vocabSize)
      throws CheckpointException {
    String key = "tokenizer.ggml." + role + "_token_id";
    if (!metadata.has(key)) {
      return defaultId(metadata, role, vocabSize);
    }
    long id = metadata.integer(key);
    if (id < 0 || id >= vocabSize) {
      throw metadata.refused("%s %d is not in the vocabulary of %d".formatted(key, id, vocabSize));
    }
    return OptionalInt.of((int) id);
  }

  private static OptionalInt defaultId(GgufMetadata metadata, String role, int vocabSize)
      throws CheckpointException {
    int index = List.of("unknown", "bos", "eos").indexOf(role);
    boolean known = index >= 0 && index < vocabSize;
    return known && metadata.text("tokenizer.ggml.model", "").equals("llama")
        ? OptionalInt.of(index)
        : OptionalInt.empty();
  }
}
