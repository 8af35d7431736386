package org.treepo4j.bench;

import java.util.Arrays;
import java.util.OptionalInt;
import org.treepo4j.tokenizer.StreamingDecoder;
import org.treepo4j.tokenizer.Tokenizer;

/** Writes a token as its number: text for models that have no tokenizer. */
record NumberTokenizer(int vocabSize) implements Tokenizer {

  @Override
  public int[] encode(String text) {
    return text.isBlank()
        ? new int[0]
        : Arrays.stream(text.strip().split(" ")).mapToInt(Integer::parseInt).toArray();
  }

  @Override
  public int[] encode(String text, boolean addSpecialTokens) {
    return encode(text);
  }

  @Override
  public String decode(int[] ids, boolean keepSpecialTokens) {
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(id).append(' ');
    }
    return text.toString();
  }

  @Override
  public StreamingDecoder streamingDecoder(boolean keepSpecialTokens) {
    return new StreamingDecoder() {
      @Override
      public String append(int id) {
        return id + " ";
      }

      @Override
      public String finish() {
        return "";
      }
    };
  }

  @Override
  public boolean hasToken(int id) {
    return id >= 0 && id < vocabSize;
  }

  @Override
  public boolean isSpecial(int id) {
    return false;
  }

  @Override
  public String token(int id) {
    return Integer.toString(id);
  }

  @Override
  public OptionalInt id(String token) {
    return OptionalInt.of(Integer.parseInt(token));
  }
}
