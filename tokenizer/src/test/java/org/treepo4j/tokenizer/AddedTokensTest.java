package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Corners of the rule for added tokens, as the Rust library has them. */
class AddedTokensTest {
  private static AddedToken token(String content, int id, String flags, boolean special) {
    return new AddedToken(
        content,
        id,
        flags.contains("word"),
        flags.contains("left"),
        flags.contains("right"),
        flags.contains("normalized"),
        special);
  }

  private static List<String> parts(Normalizer normalizer, String text, AddedToken... tokens) {
    List<String> parts = new ArrayList<>();
    new AddedTokens(List.of(tokens), normalizer)
        .split(
            text,
            new AddedTokens.Parts() {
              @Override
              public void text(String text, int start, int end, boolean atTextStart) {
                parts.add(text.substring(start, end));
              }

              @Override
              public void token(int id) {
                parts.add("#" + id);
              }
            });
    return parts;
  }

  @Test
  void ofTokensThatNormalizingMakesEqualTheFirstCountsAndSpecialOnesComeBeforeOthers() {
    AddedToken first = token("aa", 1, "normalized", false);
    AddedToken second = token("AA", 2, "normalized", false);
    AddedToken special = token("Aa", 3, "normalized", true);
    Normalizer lower = text -> text.toLowerCase(java.util.Locale.ROOT);
    assertThat(parts(lower, "xaay", first, second)).containsExactly("x", "#1", "y");
    assertThat(parts(lower, "xaay", second, first)).containsExactly("x", "#2", "y");
    assertThat(parts(lower, "xaay", first, special)).containsExactly("x", "#3", "y");
  }

  @Test
  void aTokenOfSpacesIsNotFoundAmongThoseTheTokenBeforeTook() {
    AddedToken space = token(" ", 1, "left right", false);
    assertThat(parts(Normalizer.NONE, "a   b", space)).containsExactly("a", "#1", "b");
  }

  @Test
  void spacesAroundATokenAreTakenAsItsFlagsSay() {
    assertThat(parts(Normalizer.NONE, "a  <x> \n b", token("<x>", 1, "", false)))
        .containsExactly("a  ", "#1", " \n b");
    assertThat(parts(Normalizer.NONE, "a  <x> \n b", token("<x>", 1, "left", false)))
        .containsExactly("a", "#1", " \n b");
    assertThat(parts(Normalizer.NONE, "a  <x> \n b", token("<x>", 1, "right", false)))
        .containsExactly("a  ", "#1", "b");
  }

  @Test
  void aSingleWordHasNoWordCharacterBesideIt() {
    AddedToken word = token("cat", 1, "word", false);
    assertThat(parts(Normalizer.NONE, "cat cats _cat (cat)", word))
        .containsExactly("#1", " cats _cat (", "#1", ")");
  }

  @Test
  void theLeftmostIsFoundAndOfThoseTheLongest() {
    AddedToken shorter = token("ab", 1, "", false);
    AddedToken longer = token("abc", 2, "", false);
    AddedToken later = token("bcd", 3, "", false);
    assertThat(parts(Normalizer.NONE, "abcd", shorter, longer, later)).containsExactly("#2", "d");
  }
}
