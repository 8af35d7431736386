package org.treepo4j.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * Text to token ids and back, as the Hugging Face tokenizers library does it from the same files.
 * Safe for many threads.
 */
public interface Tokenizer {
  /**
   * Opens the tokenizer of a model folder: {@code tokenizer.json}, or {@code vocab.json} with
   * {@code merges.txt}; with {@code tokenizer_config.json}, {@code special_tokens_map.json} and
   * {@code added_tokens.json} where there are such.
   *
   * @throws TokenizerException when a file is missing, broken, or asks for something unsupported
   */
  static Tokenizer load(Path folder) throws IOException {
    return TokenizerFolder.load(folder);
  }

  /** The ids of a text. Special tokens in the text are recognised, none are added. */
  int[] encode(String text);

  /** The ids of a text; with {@code addSpecialTokens}, BOS and EOS as the model wants them. */
  int[] encode(String text, boolean addSpecialTokens);

  /**
   * The characters that are lost when a text is encoded: no token stands for them, neither bytes
   * nor an unknown token. What the tokenizer takes out by design, such as accents or spaces that a
   * normalizer strips, is not among them.
   */
  default DroppedCharacters dropped(String text) {
    return DroppedCharacters.NONE;
  }

  /**
   * The text of ids; ids without a token are passed over.
   *
   * @param keepSpecialTokens whether special tokens appear in the text
   */
  String decode(int[] ids, boolean keepSpecialTokens);

  /** Decodes ids as they come; what it gives, joined, is what {@link #decode} gives. */
  StreamingDecoder streamingDecoder(boolean keepSpecialTokens);

  /** The highest id + 1. */
  int vocabSize();

  /** Whether the id stands for a token; models may have more rows than there are tokens. */
  boolean hasToken(int id);

  /** Whether the id is a special token such as EOS. */
  boolean isSpecial(int id);

  /**
   * The token as the vocabulary spells it (byte-level tokens in their visible alphabet).
   *
   * @throws IllegalArgumentException when the id has no token
   */
  String token(int id);

  /** The id of a token as the vocabulary spells it. */
  OptionalInt id(String token);
}
