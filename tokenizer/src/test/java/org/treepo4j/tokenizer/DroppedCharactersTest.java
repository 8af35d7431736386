package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import org.junit.jupiter.api.Test;

/** Characters that become nothing are told; those that a normalizer takes out are no loss. */
class DroppedCharactersTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final ObjectNode file = letters("ab c");

  @Test
  void theyAreToldOnceEachInTheirOrder() {
    DroppedCharacters dropped = tokenizer(file).dropped("ab😀\nxa\n c😀");
    assertThat(dropped.codePoints()).containsExactly(0x1F600, (int) '\n', (int) 'x');
    assertThat(dropped).hasToString("'😀' (U+1F600), U+000A, 'x' (U+0078)");
    assertThat(tokenizer(file).dropped("abc a").isEmpty()).isTrue();
  }

  @Test
  void ofManyTheFirstAreNamed() {
    assertThat(tokenizer(file).dropped("defghij"))
        .hasToString("'d' (U+0064), 'e' (U+0065), 'f' (U+0066) and 4 more");
  }

  @Test
  void anUnknownTokenStandsForThem() {
    model().put("unk_token", "a");
    assertThat(tokenizer(file).dropped("xyz").isEmpty()).isTrue();
  }

  @Test
  void bytesStandForThemUnlessOneIsMissing() {
    model().put("byte_fallback", true);
    ObjectNode vocabulary = (ObjectNode) model().get("vocab");
    for (int b = 0; b < 0xF0; b++) {
      vocabulary.put("<0x" + HexFormat.of().withUpperCase().toHexDigits((byte) b) + ">", 10 + b);
    }
    assertThat(tokenizer(file).dropped("é€😀").codePoints()).containsExactly(0x1F600);
  }

  @Test
  void ofByteLevelTokensTheCharacterIsNamedWhoseByteIsMissing() {
    file.putObject("pre_tokenizer").put("type", "ByteLevel").put("add_prefix_space", false);
    ((ObjectNode) model().get("vocab")).put("Ã", 10); // C3, the first byte of é
    assertThat(tokenizer(file).dropped("abéa").codePoints()).containsExactly((int) 'é');
    file.putObject("normalizer").put("type", "ByteLevel");
    file.putNull("pre_tokenizer");
    assertThat(tokenizer(file).dropped("abéa").codePoints()).containsExactly((int) 'é');
  }

  @Test
  void aByteLevelTokenizerHasThemAll() throws IOException {
    Path folder = Files.createTempDirectory("bytes");
    new TokenizerTrainer(new SpecialTokenNames(null, "<|end|>", null, null, List.of()))
        .trainByteLevel(List.of("the cat"), 260, folder);
    assertThat(Tokenizer.load(folder).dropped("é\u0000😀\n").isEmpty()).isTrue();
  }

  @Test
  void whatNormalizersTakeOutIsNoLoss() {
    ArrayNode stages = sequence();
    stages.addObject().put("type", "NFD");
    stages.addObject().put("type", "StripAccents");
    stages.addObject().put("type", "Lowercase");
    stages.addObject().put("type", "Strip");
    assertThat(tokenizer(file).dropped("\t ÁB c\u0301\n").isEmpty()).isTrue();
  }

  @Test
  void ofWhatANormalizerMadeTheUsersCharacterIsNamed() {
    sequence().addObject().put("type", "NFD");
    assertThat(tokenizer(file).dropped("aá").codePoints()).containsExactly((int) 'á');
    assertThat(tokenizer(file).dropped("a\u0301").codePoints()).containsExactly(0x301);
  }

  @Test
  void whatPreTokenizersTakeOutIsNoLoss() {
    file.putObject("pre_tokenizer").put("type", "WhitespaceSplit");
    assertThat(tokenizer(file).dropped("a\n\tb").isEmpty()).isTrue();
  }

  @Test
  void addedTokensAreNoCharacters() {
    file.withArray("added_tokens").addObject().put("id", 10).put("content", "<eos>");
    assertThat(tokenizer(file).dropped("a<eos>").isEmpty()).isTrue();
    assertThat(tokenizer(file).dropped("a<eos").codePoints()).hasSize(4);
  }

  @Test
  void wordsThatAreTokensNeedNoCharacters() {
    ((ObjectNode) model().get("vocab")).put("xy", 10);
    assertThat(tokenizer(file).dropped("xy").codePoints()).hasSize(2);
    model().put("ignore_merges", true);
    assertThat(tokenizer(file).dropped("xy").isEmpty()).isTrue();
  }

  @Test
  void theLastCharacterOfAWordNeedsATokenOfItsOwn() {
    model().put("end_of_word_suffix", "</w>");
    ((ObjectNode) model().get("vocab")).put("a</w>", 10);
    assertThat(tokenizer(file).dropped("cba").isEmpty()).isTrue();
    assertThat(tokenizer(file).dropped("bab").codePoints()).containsExactly((int) 'b');
  }

  @Property(tries = 300)
  void aTextWithoutThemGivesTheSameIds(@ForAll @CharRange(from = 'a', to = 'h') String text) {
    ObjectNode merging = letters("abcd");
    ((ObjectNode) merging.path("model").path("vocab")).put("ab", 10).put("abc", 11);
    ((ArrayNode) merging.path("model").path("merges")).add("a b").add("ab c");
    Tokenizer tokenizer = tokenizer(merging);
    String kept =
        text.codePoints()
            .filter(c -> !tokenizer.dropped(text).codePoints().contains(c))
            .mapToObj(Character::toString)
            .collect(Collectors.joining());
    assertThat(tokenizer.dropped(kept).isEmpty()).isTrue();
    assertThat(tokenizer.encode(kept)).isEqualTo(tokenizer.encode(text));
    assertThat(tokenizer.decode(tokenizer.encode(text), true)).isEqualTo(kept);
  }

  /** A token for each letter, and nothing for others. */
  private static ObjectNode letters(String letters) {
    ObjectNode file = MAPPER.createObjectNode();
    file.putObject("decoder").put("type", "Fuse");
    ObjectNode model = file.putObject("model").put("type", "BPE");
    model.putArray("merges");
    ObjectNode vocabulary = model.putObject("vocab");
    letters.chars().forEach(c -> vocabulary.put(Character.toString(c), vocabulary.size()));
    return file;
  }

  private ObjectNode model() {
    return (ObjectNode) file.get("model");
  }

  private ArrayNode sequence() {
    return file.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
  }

  private static Tokenizer tokenizer(ObjectNode file) {
    try {
      Path folder = Files.createTempDirectory("tokenizer");
      Files.writeString(folder.resolve("tokenizer.json"), file.toString());
      return Tokenizer.load(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
