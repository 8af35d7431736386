package org.treepo4j.rl.train;

import java.util.Arrays;
import java.util.OptionalInt;
import org.treepo4j.tokenizer.StreamingDecoder;
import org.treepo4j.tokenizer.Tokenizer;

/** Token 0 ends a text, 1 is {@code a}, 2 is {@code b} and so on. */
public class LetterTokenizer implements Tokenizer {
  public static final int VOCABULARY = 8;

  @Override
  public int[] encode(String text) {
    return text.chars().map(c -> c - 'a' + 1).toArray();
  }

  @Override
  public int[] encode(String text, boolean addSpecialTokens) {
    return encode(text);
  }

  @Override
  public String decode(int[] ids, boolean keepSpecialTokens) {
    StringBuilder text = new StringBuilder();
    Arrays.stream(ids).filter(id -> id > 0).forEach(id -> text.append(token(id)));
    return text.toString();
  }

  @Override
  public StreamingDecoder streamingDecoder(boolean keepSpecialTokens) {
    return new StreamingDecoder() {
      @Override
      public String append(int id) {
        return decode(new int[] {id}, keepSpecialTokens);
      }

      @Override
      public String finish() {
        return "";
      }
    };
  }

  @Override
  public int vocabSize() {
    return VOCABULARY;
  }

  @Override
  public boolean hasToken(int id) {
    return id >= 0 && id < VOCABULARY;
  }

  @Override
  public boolean isSpecial(int id) {
    return id == 0;
  }

  @Override
  public String token(int id) {
    return String.valueOf((char) ('a' + id - 1));
  }

  @Override
  public OptionalInt id(String token) {
    return OptionalInt.of(token.charAt(0) - 'a' + 1);
  }
}
