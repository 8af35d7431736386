package org.treepo4j.tokenizer;

/** Turns ids into text one at a time, never giving half a character. For one thread. */
public interface StreamingDecoder {
  /** The text that this id completes; empty while a character or a byte run is unfinished. */
  String append(int id);

  /** What was held back, once no id follows. */
  String finish();
}
