package org.treepo4j.tokenizer;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Texts that tokenizers stumble over: any Unicode, runs of spaces, digits, contractions. */
final class TextArbitraries {
  /** Single letters and marks of the basic plane that came with Unicode 14 to 16. */
  private static final String NEWER =
      "\u0C5D\u0CDD\u0CF3\u170D\u1715\u171F\u1B4C\u1C89\u1C8A\u1DFA\u2C2F\u2C5F\u9FFD\u9FFE\u9FFF";

  private static final List<String> SNIPPETS =
      List.of(
          "Hello",
          " world",
          "  two",
          "'s",
          "'S",
          "'ſ",
          "I'LL",
          "'re",
          " don't",
          "123",
          "3.14",
          "½",
          "²",
          "\n",
          "\n\n",
          " \n ",
          "\r\n",
          "\t",
          "   ",
          "\u00a0",
          "\u3000",
          "\u2028",
          "!!!",
          "...\n",
          ");\n\n",
          "_x",
          "é",
          "e\u0301",
          "ﬁ",
          "Å",
          "한국어",
          "나라",
          "日本語",
          "កាន់តែ",
          "🦙",
          "👩‍👩‍👧",
          "🏳️‍🌈",
          "\u200d",
          "\ufeff",
          "Ⅷ",
          "ⓐ",
          "٣",
          "Σς",
          "İ",
          "<s>",
          "</s>",
          "<|im_start|>",
          "<|im_end|>",
          "<|endoftext|>",
          "[MASK]",
          "▁",
          "Ġ",
          "the ",
          "ing",
          "#include <x>",
          "日1",
          "a\u0300\u0301b",
          "\u0000",
          "\u001b");

  private TextArbitraries() {}

  /** Any Unicode text without lone surrogates, most of it made of snippets. */
  static Arbitrary<String> texts() {
    Arbitrary<String> snippet = Arbitraries.of(SNIPPETS);
    Arbitrary<String> letters = Arbitraries.strings().withCharRange('a', 'z').ofMaxLength(6);
    Arbitrary<String> ascii = Arbitraries.strings().ascii().ofMaxLength(8);
    return Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(6, snippet),
            net.jqwik.api.Tuple.of(2, letters),
            net.jqwik.api.Tuple.of(2, ascii),
            net.jqwik.api.Tuple.of(2, characters()))
        .list()
        .ofMaxSize(25)
        .map(parts -> String.join("", parts));
  }

  /** One character of the first two planes that both sides know. */
  private static Arbitrary<String> characters() {
    return Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(3, Arbitraries.integers().between(0, 0x2FFF)),
            net.jqwik.api.Tuple.of(2, Arbitraries.integers().between(0x3000, 0xFFFF)),
            net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(0x10000, 0x1FFFF)))
        .filter(
            c ->
                Character.isDefined(c)
                    && known(c)
                    && Character.getType(c) != Character.SURROGATE
                    && Character.getType(c) != Character.PRIVATE_USE)
        .map(Character::toString);
  }

  /**
   * Whether a character is old enough for the oracle, whose tables are those of Unicode 13; a newer
   * JDK knows letters and decompositions that it does not.
   */
  private static boolean known(int c) {
    if (c > 0xFFFF) {
      return c < 0x10570 || c >= 0x1D400 && c < 0x1D800 || c >= 0x1F300 && c < 0x1F650;
    }
    return (c < 0x0870 || c > 0x089F) && (c < 0xA7C0 || c > 0xA7FF) && NEWER.indexOf(c) < 0;
  }
}
