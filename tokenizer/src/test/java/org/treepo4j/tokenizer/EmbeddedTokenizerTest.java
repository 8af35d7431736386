package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.treepo4j.tokenizer.regex.Regex;

class EmbeddedTokenizerTest {
  private static final Path FILE = Path.of("m.gguf");

  /** 0 unknown, 1 and 2 control, 3 user-defined, 4 to 7 bytes of "é", the others text. */
  private static final List<String> PIECES =
      List.of(
          "<unk>", "<s>", "</s>", "[x]", "<0xC3>", "<0xA9>", "<0x21>", "<0x0A>", "▁", "a", "b", "c",
          "▁a", "ab", "bc", "aba", "ba");

  private static final double[] SCORES = {
    0, 0, 0, 0, 0, 0, 0, 0, -9, -9, -9, -9, -3, -1, -1, -2, -2
  };

  private static final long[] TYPES = {2, 3, 3, 4, 6, 6, 6, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1};

  @Test
  void theBestScoreIsJoinedFirstAndTheLeftmostOfEquals() throws IOException {
    assertThat(ids("abc")).containsExactly("▁", "ab", "c");
    assertThat(ids("bcab")).containsExactly("▁", "bc", "ab");
    assertThat(ids("aab")).containsExactly("▁a", "ab");
    assertThat(ids("baba")).containsExactly("▁", "b", "aba");
  }

  @Test
  void everyStretchOfTextBeginsWithASpace() throws IOException {
    assertThat(ids("c<s>c[x]c")).containsExactly("▁", "c", "<s>", "▁", "c", "[x]", "▁", "c");
    assertThat(ids(" c")).containsExactly("▁", "▁", "c");
    assertThat(ids("")).isEmpty();
    assertThat(ids(pieces(Optional.of(false)), "c<s>c")).containsExactly("c", "<s>", "c");
  }

  @Test
  void whatIsNoTokenBecomesBytes() throws IOException {
    assertThat(ids("aé!\n")).containsExactly("▁a", "<0xC3>", "<0xA9>", "<0x21>", "<0x0A>");
    Tokenizer tokenizer = EmbeddedTokenizer.of(FILE, pieces(Optional.empty())).tokenizer();
    assertThat(tokenizer.decode(tokenizer.encode("aé!\n"), false)).isEqualTo("aé!\n");
  }

  @Test
  void textsBeginWithBosUnlessTheFileSaysOtherwise() throws IOException {
    Tokenizer tokenizer = EmbeddedTokenizer.of(FILE, pieces(Optional.empty())).tokenizer();
    assertThat(tokenizer.encode("a", true)).containsExactly(1, 12);
    assertThat(tokenizer.isSpecial(1)).isTrue();
    assertThat(tokenizer.isSpecial(3)).isFalse();
  }

  @Test
  void rolesComeInOneOrderWhateverTheJvm() throws IOException {
    assertThat(EmbeddedTokenizer.of(FILE, pieces(Optional.empty())).roleTokens().keySet())
        .containsExactly("bos_token", "eos_token", "unk_token");
  }

  @Test
  void mergesNeedTheirTokens() {
    EmbeddedTokenizer.Fields fields =
        bytes("gpt-2", List.of("a", "b"), Optional.of(List.of("a b")));
    assertThatThrownBy(() -> EmbeddedTokenizer.of(FILE, fields).tokenizer())
        .isInstanceOf(TokenizerException.class)
        .hasMessage("m.gguf: tokenizer.ggml.merges: token 'ab' is not in the vocabulary");
  }

  @Test
  void wholeWordsAreNotMergedWhereThePatternSaysSo() throws IOException {
    List<String> tokens = List.of("a", "b", "c", "ab", "abc");
    Optional<List<String>> merges = Optional.of(List.of("a b"));
    assertThat(ids(bytes("llama-bpe", tokens, merges), "abc")).containsExactly("abc");
    assertThat(ids(bytes("gpt-2", tokens, merges), "abc")).containsExactly("ab", "c");
  }

  @Test
  void patternsThatAreNotKnownAreNamed() {
    assertThatThrownBy(
            () -> EmbeddedTokenizer.of(FILE, bytes("new", List.of("a"), Optional.of(List.of()))))
        .hasMessageStartingWith(
            "m.gguf: pre-tokenizer 'new' is not known, known are default, gpt-2");
  }

  static List<String> patterns() {
    return NamedPattern.names();
  }

  @ParameterizedTest
  @MethodSource("patterns")
  void everyPatternCutsTextsWithoutLosingAnything(String name) throws IOException {
    for (String split : NamedPattern.named(name).orElseThrow().splits()) {
      Regex.compile(split);
    }
    StringBuilder alphabet = new StringBuilder();
    for (int b = 0; b < 256; b++) {
      alphabet.append(ByteAlphabet.character(b));
    }
    EmbeddedTokenizer.Fields fields =
        bytes(name, List.of(alphabet.toString().split("")), Optional.of(List.of()));
    Tokenizer tokenizer = EmbeddedTokenizer.of(FILE, fields).tokenizer();
    String text = "I'll PAY  12345 zł (naïve)!\r\n\n\t漢字 x=1;y=22 🙂   ";
    assertThat(tokenizer.decode(tokenizer.encode(text), true)).isEqualTo(text);
  }

  private static List<String> ids(String text) throws IOException {
    return ids(pieces(Optional.empty()), text);
  }

  private static List<String> ids(EmbeddedTokenizer.Fields fields, String text) throws IOException {
    Tokenizer tokenizer = EmbeddedTokenizer.of(FILE, fields).tokenizer();
    return java.util.Arrays.stream(tokenizer.encode(text)).mapToObj(tokenizer::token).toList();
  }

  @Test
  void scoresAreNumbers() {
    for (double wrong : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
      double[] scores = SCORES.clone();
      scores[3] = wrong;
      assertThatThrownBy(() -> EmbeddedTokenizer.of(FILE, pieces(scores, Optional.empty())))
          .hasMessage("m.gguf: tokenizer.ggml.scores: the score of token 3 is " + wrong);
    }
  }

  /** The Hugging Face library numbers added tokens that the vocabulary lacks behind all others. */
  @Test
  void addedTokensStandInTheWrittenVocabularyWhereverTheyAre(@TempDir Path folder)
      throws IOException {
    EmbeddedTokenizer.Fields fields =
        new EmbeddedTokenizer.Fields(
            "gpt2",
            "smollm",
            List.of("<|end|>", "a", "<think>", "b", "ab", "<|im_start|>"),
            Optional.empty(),
            Optional.of(new long[] {3, 1, 4, 1, 1, 3}),
            Optional.of(List.of("a b")),
            Map.of("eos", 0),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    EmbeddedTokenizer embedded = EmbeddedTokenizer.of(FILE, fields);
    embedded.writeInto(folder);
    JsonNode written = new ObjectMapper().readTree(folder.resolve("tokenizer.json").toFile());
    assertThat(written.get("added_tokens")).hasSize(3);
    for (JsonNode added : written.get("added_tokens")) {
      assertThat(written.get("model").get("vocab").get(added.get("content").asText()))
          .as(added.toString())
          .isEqualTo(added.get("id"));
    }
    String text = "ab<|im_start|>a<think>b<|end|>";
    assertThat(Tokenizer.load(folder).encode(text))
        .containsExactly(4, 5, 1, 2, 3, 0)
        .isEqualTo(embedded.tokenizer().encode(text));
  }

  private static EmbeddedTokenizer.Fields pieces(Optional<Boolean> spacePrefix) {
    return pieces(SCORES, spacePrefix);
  }

  private static EmbeddedTokenizer.Fields pieces(double[] scores, Optional<Boolean> spacePrefix) {
    return new EmbeddedTokenizer.Fields(
        "llama",
        "default",
        PIECES,
        Optional.of(scores),
        Optional.of(TYPES),
        Optional.empty(),
        Map.of("bos", 1, "eos", 2, "unknown", 0),
        Optional.empty(),
        Optional.empty(),
        spacePrefix,
        Optional.empty());
  }

  private static EmbeddedTokenizer.Fields bytes(
      String pattern, List<String> tokens, Optional<List<String>> merges) {
    return new EmbeddedTokenizer.Fields(
        "gpt2",
        pattern,
        tokens,
        Optional.empty(),
        Optional.empty(),
        merges,
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }
}
