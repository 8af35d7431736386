package org.treepo4j.tokenizer;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Texts that tokenizers stumble over: any Unicode, runs of spaces, digits, contractions. */
final class TextArbitraries {
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

  /** One assigned character of any plane. */
  private static Arbitrary<String> characters() {
    return Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(3, Arbitraries.integers().between(0, 0x2FFF)),
            net.jqwik.api.Tuple.of(2, Arbitraries.integers().between(0x3000, 0xFFFF)),
            net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(0x10000, 0x1FFFF)))
        .filter(
            c ->
                Character.isDefined(c)
                    && Character.getType(c) != Character.SURROGATE
                    && Character.getType(c) != Character.PRIVATE_USE)
        .map(Character::toString);
  }
}
