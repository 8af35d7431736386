package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.treepo4j.testsupport.SharedData;
import org.treepo4j.tokenizer.EmbeddedTokenizer.Converted;
import org.treepo4j.tokenizer.EmbeddedTokenizer.Fields;

/** Tokenizers of folders in the fields of GGUF files. */
class FolderFieldsTest {
  private static final Path FILE = Path.of("m.gguf");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path CHARACTERS =
      Path.of(System.getProperty("treepo.root", ".."), "examples/chain-sums/tokenizer");

  @TempDir Path folder;

  static List<String> patterns() {
    return NamedPattern.names();
  }

  /** What a GGUF file says is written as a folder, and the folder says the same. */
  @ParameterizedTest
  @MethodSource("patterns")
  void byteLevelFieldsComeBackUnderANameOfTheSameRule(String name) throws IOException {
    Fields fields = byteLevel(name);
    EmbeddedTokenizer.of(FILE, fields).writeInto(folder);
    Fields again = convert(fields.tokens().size(), OptionalInt.of(256), List.of(257)).fields();
    assertThat(NamedPattern.named(again.pattern()))
        .map(NamedPattern::splits)
        .isEqualTo(NamedPattern.named(name).map(NamedPattern::splits));
    assertThat(again.tokens()).isEqualTo(fields.tokens());
    assertThat(again.merges()).isEqualTo(fields.merges());
    assertThat(again.types().orElseThrow()).isEqualTo(fields.types().orElseThrow());
    assertThat(again.specialIds()).isEqualTo(fields.specialIds());
    assertThat(again.addBos()).contains(true);
    assertThat(again.chatTemplate()).isEqualTo(fields.chatTemplate());
  }

  private static Fields byteLevel(String pattern) {
    List<String> tokens = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      tokens.add(Character.toString(ByteAlphabet.character(b)));
    }
    long[] types = new long[261];
    java.util.Arrays.fill(types, 1);
    tokens.addAll(List.of("<s>", "</s>", "<tool>", "ab", "abc"));
    types[256] = 3;
    types[257] = 3;
    types[258] = 4;
    return new Fields(
        "gpt2",
        pattern,
        tokens,
        Optional.empty(),
        Optional.of(types),
        Optional.of(List.of("a b", "ab c")),
        Map.of("bos", 256, "eos", 257),
        Optional.of(true),
        Optional.of(false),
        Optional.empty(),
        Optional.of("{{ messages[0].content }}"));
  }

  @ParameterizedTest
  @CsvSource({"qwen2-tokenizer, gpt2, qwen2, 151936", "stories260K, llama, default, 512"})
  void realTokenizersKeepTheirIds(String name, String kind, String pattern, int rows)
      throws IOException {
    Path real = SharedData.require(name);
    Tokenizer expected = Tokenizer.load(real);
    SpecialTokens special = SpecialTokens.load(real, expected);
    Fields fields =
        EmbeddedTokenizer.convert(real, rows, special.bos(), List.copyOf(special.eos())).fields();
    assertThat(fields.kind()).isEqualTo(kind);
    assertThat(fields.pattern()).isEqualTo(pattern);
    assertThat(fields.tokens()).hasSize(rows);
    Tokenizer embedded = EmbeddedTokenizer.of(FILE, fields).tokenizer();
    String vectors = "tokenizer-vectors/" + name.replace("-tokenizer", "") + ".jsonl";
    for (String line : Files.readAllLines(SharedData.require(vectors))) {
      String text = JSON.readTree(line).get("text").textValue();
      if (java.text.Normalizer.isNormalized(text, java.text.Normalizer.Form.NFC)) {
        assertThat(embedded.encode(text)).as(text).isEqualTo(expected.encode(text));
      }
    }
  }

  @Test
  void singleCharactersAreByteLevelWithoutMerges() throws IOException {
    Converted converted =
        EmbeddedTokenizer.convert(CHARACTERS, 26, OptionalInt.empty(), List.of(1));
    Fields fields = converted.fields();
    assertThat(fields.kind()).isEqualTo("gpt2");
    assertThat(fields.merges()).contains(List.of());
    assertThat(fields.tokens()).endsWith("[PAD24]", "[PAD25]");
    Tokenizer embedded = EmbeddedTokenizer.of(FILE, fields).tokenizer();
    String text = "7+58-13=52;\\boxed{52}<eos>";
    assertThat(embedded.encode(text)).isEqualTo(Tokenizer.load(CHARACTERS).encode(text));
  }

  @Test
  void whatIsLostIsNoted() throws IOException {
    EmbeddedTokenizer.of(FILE, byteLevel("qwen2")).writeInto(folder);
    change(json -> json.putObject("normalizer").put("type", "NFC"));
    assertThat(convert(261, OptionalInt.of(256), List.of(257)).notes())
        .containsExactly(
            "llama.cpp does not normalise texts (NFC): where that matters, ids differ");
  }

  @Test
  void whatNoFieldSaysIsRefused() throws IOException {
    EmbeddedTokenizer.of(FILE, byteLevel("qwen2")).writeInto(folder);
    refused(260, List.of(257), "the tokenizer has 261 tokens, the model 260 rows");
    refused(261, List.of(257, 1, 2, 3), "has 4 tokens that end a text, a GGUF file has room for 3");
    change(json -> json.putObject("normalizer").put("type", "Lowercase"));
    refused(261, List.of(257), "normalizer: a GGUF file cannot say it");
    change(json -> json.putNull("normalizer"));
    change(
        json ->
            ((ObjectNode) json.at("/pre_tokenizer/pretokenizers/0/pattern")).put("Regex", "\\w+"));
    refused(261, List.of(257), "llama.cpp knows no name for the rule that cuts text: [\\w+]");
    change(json -> json.putNull("pre_tokenizer"));
    refused(261, List.of(257), "needs byte-level BPE, SentencePiece or single ASCII characters");
  }

  /** A pair that scores would join, but the folder does not. */
  @Test
  void mergesThatScoresCannotSayAreRefused() throws IOException {
    List<String> tokens = List.of("<unk>", "a", "b", "c", "ab", "bc", "abc");
    Fields fields =
        new Fields(
            "llama",
            "default",
            tokens,
            Optional.of(new double[] {0, 0, 0, 0, -1, -2, -3}),
            Optional.of(new long[] {2, 1, 1, 1, 1, 1, 1}),
            Optional.empty(),
            Map.of("unknown", 0),
            Optional.of(false),
            Optional.of(false),
            Optional.of(false),
            Optional.empty());
    EmbeddedTokenizer.of(FILE, fields).writeInto(folder);
    double[] scores = convert(7, OptionalInt.empty(), List.of()).fields().scores().orElseThrow();
    assertThat(scores).containsExactly(-3, -3, -3, -3, 0, -1, -2);
    change(
        json ->
            ((com.fasterxml.jackson.databind.node.ArrayNode) json.at("/model/merges")).remove(0));
    refused(7, List.of(), "model.merges: no scores of a GGUF file can say that 'ab'");
  }

  private void refused(int rows, List<Integer> eos, String problem) {
    assertThatThrownBy(() -> convert(rows, OptionalInt.of(0), eos))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining(problem);
  }

  private Converted convert(int rows, OptionalInt bos, List<Integer> eos) throws IOException {
    return EmbeddedTokenizer.convert(folder, rows, bos, eos);
  }

  private void change(Consumer<ObjectNode> change) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    ObjectNode json = (ObjectNode) JSON.readTree(file.toFile());
    change.accept(json);
    JSON.writeValue(file.toFile(), json);
  }
}
