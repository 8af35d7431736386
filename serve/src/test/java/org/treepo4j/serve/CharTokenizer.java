package org.treepo4j.serve;

import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.treepo4j.tokenizer.DroppedCharacters;
import org.treepo4j.tokenizer.StreamingDecoder;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * One token for each ASCII character, which others become a question mark of, but for those of
 * Latin-1: they are left out. Token 0 ends a text.
 */
public final class CharTokenizer implements Tokenizer {
  public static final int VOCABULARY = 128;

  @Override
  public int[] encode(String text) {
    return text.chars()
        .filter(c -> !isLeftOut(c))
        .map(c -> c < VOCABULARY && c > 0 ? c : '?')
        .toArray();
  }

  private static boolean isLeftOut(int c) {
    return c >= VOCABULARY && c < 256;
  }

  @Override
  public DroppedCharacters dropped(String text) {
    return new DroppedCharacters(
        text.chars().filter(CharTokenizer::isLeftOut).boxed().collect(Collectors.toSet()));
  }

  @Override
  public int[] encode(String text, boolean addSpecialTokens) {
    return encode(text);
  }

  @Override
  public String decode(int[] ids, boolean keepSpecialTokens) {
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(id == 0 ? keepSpecialTokens ? "<eos>" : "" : Character.toString(id));
    }
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
    return decode(new int[] {id}, true);
  }

  @Override
  public OptionalInt id(String token) {
    return token.length() == 1 ? OptionalInt.of(token.charAt(0)) : OptionalInt.empty();
  }
}
