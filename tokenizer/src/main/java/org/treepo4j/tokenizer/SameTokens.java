package org.treepo4j.tokenizer;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Two tokenizers that should be one: every token must have the same text, and such texts, one after
 * another in pairs, must give the same ids; of large vocabularies, some of them.
 *
 * @param first one of them
 * @param second the other
 * @param normalizer of the first; texts that are not in NFC are passed over where it has one
 */
record SameTokens(Tokenizer first, Tokenizer second, org.treepo4j.tokenizer.Normalizer normalizer) {
  private static final int MOST_PAIRS = 20_000;

  private static final List<String> TEXTS =
      List.of(
          "Hello, world!  It's 12345 o'clock.\n\n\tint x = 10;\r\n",
          "naïve Ωmega 漢字かな 🙂👍🏽 मराठी",
          "  two  spaces   and\n  lines \n\n end ",
          "x²+y²=10^3; {\"a\": [1,2.5e-7]} <tag>\\boxed{42}</tag>");

  /** The first text of which they differ, with what they make of it; empty where there is none. */
  Optional<String> difference() {
    for (String text : TEXTS) {
      Optional<String> difference = difference(text);
      if (difference.isPresent()) {
        return difference;
      }
    }
    int every = Math.max(1, first.vocabSize() / MOST_PAIRS);
    String before = "";
    for (int id = 0; id < first.vocabSize(); id++) {
      if (!first.hasToken(id)) {
        continue;
      }
      String text = first.decode(new int[] {id}, true);
      if (!text.equals(second.decode(new int[] {id}, true))) {
        return Optional.of("the text of token " + id + " differently");
      }
      if (id % every != 0) {
        continue;
      }
      boolean special = first.isSpecial(id);
      Optional<String> difference = difference(special ? text : before + text);
      if (difference.isPresent()) {
        return difference;
      }
      before = special ? "" : text;
    }
    return Optional.empty();
  }

  private Optional<String> difference(String text) {
    boolean passedOver =
        normalizer != org.treepo4j.tokenizer.Normalizer.NONE
            && !Normalizer.isNormalized(text, Normalizer.Form.NFC);
    int[] expected = first.encode(text, true);
    int[] found = second.encode(text, true);
    if (passedOver || Arrays.equals(expected, found)) {
      return Optional.empty();
    }
    return Optional.of(
        "'%s' as %s, not as %s".formatted(text, Arrays.toString(found), Arrays.toString(expected)));
  }
}
