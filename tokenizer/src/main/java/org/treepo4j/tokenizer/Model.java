package org.treepo4j.tokenizer;

import java.util.function.IntConsumer;

/** Turns one piece of text into ids. Safe for many threads. */
interface Model {
  /** Adds the ids of {@code text} from {@code start} to {@code end}, which is not empty. */
  void tokenize(String text, int start, int end, IntList ids);

  /** Whether there may be characters that nothing becomes of. */
  default boolean dropsCharacters() {
    return false;
  }

  /**
   * Tells the characters of {@code text} from {@code start} to {@code end} that {@link #tokenize}
   * makes nothing of; more than once where they stand more than once.
   */
  default void dropped(String text, int start, int end, IntConsumer codePoints) {}

  /** A model with every word in its vocabulary; all else is the unknown token. */
  static Model wordLevel(Vocabulary vocabulary, int unknown) {
    return (text, start, end, ids) -> {
      int id = vocabulary.id(text.substring(start, end));
      ids.add(id >= 0 ? id : unknown);
    };
  }
}
