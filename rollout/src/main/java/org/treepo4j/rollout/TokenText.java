package org.treepo4j.rollout;

/**
 * The text of token ids, all that tree sampling needs of a tokenizer: answers, stop strings and
 * repetitions are looked for in text.
 */
@FunctionalInterface
public interface TokenText {

  /** For models without text: no answer, stop string or repetition is ever found. */
  TokenText NONE = () -> token -> "";

  /** Starts a new response. */
  Stream open();

  /** The text of one response as it grows. */
  @FunctionalInterface
  interface Stream {
    /**
     * Text that becomes certain with the next token; empty while a character is not complete.
     * Special tokens should give no text.
     */
    String append(int token);

    /** What was held back, once no token follows. */
    default String finish() {
      return "";
    }
  }
}
