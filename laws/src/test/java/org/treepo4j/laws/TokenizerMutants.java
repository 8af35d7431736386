package org.treepo4j.laws;

import java.util.Arrays;
import java.util.OptionalInt;
import org.treepo4j.tokenizer.StreamingDecoder;
import org.treepo4j.tokenizer.Tokenizer;

/** Tokenizers that give other ids than they should, or read another text. */
final class TokenizerMutants {

  private TokenizerMutants() {}

  static class TokenizerReversed implements TokenizerLaws {
    int[] changed(int[] ids) {
      int[] reversed = new int[ids.length];
      Arrays.setAll(reversed, i -> ids[ids.length - 1 - i]);
      return reversed;
    }

    String read(String text) {
      return text;
    }

    @Override
    public Tokenizer tokenizer() {
      Tokenizer whole = TrainedTokenizer.BYTE_LEVEL;
      return new Tokenizer() {
        @Override
        public int[] encode(String text) {
          return changed(whole.encode(read(text)));
        }

        @Override
        public int[] encode(String text, boolean addSpecialTokens) {
          return changed(whole.encode(read(text), addSpecialTokens));
        }

        @Override
        public String decode(int[] ids, boolean keepSpecialTokens) {
          return whole.decode(ids, keepSpecialTokens);
        }

        @Override
        public StreamingDecoder streamingDecoder(boolean keepSpecialTokens) {
          return whole.streamingDecoder(keepSpecialTokens);
        }

        @Override
        public int vocabSize() {
          return whole.vocabSize();
        }

        @Override
        public boolean hasToken(int id) {
          return whole.hasToken(id);
        }

        @Override
        public boolean isSpecial(int id) {
          return whole.isSpecial(id);
        }

        @Override
        public String token(int id) {
          return whole.token(id);
        }

        @Override
        public OptionalInt id(String token) {
          return whole.id(token);
        }
      };
    }
  }

  static class TokenizerShifted extends TokenizerReversed {
    @Override
    int[] changed(int[] ids) {
      return Arrays.stream(ids).map(id -> id + 1).toArray();
    }
  }

  static class TokenizerStripped extends TokenizerReversed {
    @Override
    int[] changed(int[] ids) {
      return ids;
    }

    @Override
    String read(String text) {
      return text.strip();
    }
  }
}
