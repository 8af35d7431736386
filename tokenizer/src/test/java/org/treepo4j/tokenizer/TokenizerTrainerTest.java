package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.TreeSet;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class TokenizerTrainerTest {
  private static final List<String> TEXTS =
      List.of(
          "the cat sat on the mat, the cat sat on the hat.\n",
          "There they are: the theatre, the thermometer, 1234 and 5678!\n",
          "Ωμέγα και άλφα, Ωμέγα και άλφα 🦙🦙🦙");

  private static Path folder;

  /** A vocabulary trained on {@link #TEXTS}, once for all tests. */
  private static synchronized Path trained() throws IOException {
    if (folder == null) {
      folder = Files.createTempDirectory("trained");
      new TokenizerTrainer(SpecialTokenNames.BYTE_LEVEL).trainByteLevel(TEXTS, 290, folder);
    }
    return folder;
  }

  @Provide
  Arbitrary<String> texts() {
    return TextArbitraries.texts();
  }

  @Property(tries = 300)
  void decodingGivesTheTextBack(@ForAll("texts") String text) throws IOException {
    Tokenizer tokenizer = Tokenizer.load(trained());
    assertThat(tokenizer.decode(tokenizer.encode(text), true)).isEqualTo(text);
  }

  @Property(tries = 200)
  void theRustLibraryReadsTheSame(@ForAll("texts") String text) throws IOException {
    Oracle.compare(trained(), text);
  }

  @Test
  void trainingJoinsWhatIsFrequent() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(trained());
    assertThat(tokenizer.vocabSize()).isEqualTo(290);
    assertThat(tokenizer.encode(" the")).hasSize(1);
    assertThat(tokenizer.encode("1234")).hasSize(4);
    assertThat(tokenizer.encode("", true)).containsExactly(1);
    assertThat(tokenizer.id("<|pad|>")).hasValue(0);
    SpecialTokens special = SpecialTokens.load(trained(), tokenizer);
    assertThat(special)
        .isEqualTo(
            new SpecialTokens(
                OptionalInt.of(1),
                new TreeSet<>(List.of(2)),
                OptionalInt.of(0),
                OptionalInt.of(2)));
  }

  @Test
  void sameTextsGiveTheSameFiles() throws IOException {
    Path again = Files.createTempDirectory("trained");
    new TokenizerTrainer(SpecialTokenNames.BYTE_LEVEL).trainByteLevel(TEXTS, 290, again);
    for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
      assertThat(again.resolve(file)).hasSameBinaryContentAs(trained().resolve(file));
    }
  }

  @Test
  void trainingStopsWhenNoPairIsLeft() throws IOException {
    Path small = Files.createTempDirectory("trained");
    new TokenizerTrainer(SpecialTokenNames.BYTE_LEVEL).trainByteLevel(List.of("ab ab"), 900, small);
    assertThat(Tokenizer.load(small).vocabSize()).isEqualTo(260);
  }

  @Test
  void aCharacterVocabularyHasOneTokenForEachCharacter() throws IOException {
    Path characters = Files.createTempDirectory("characters");
    new TokenizerTrainer(SpecialTokenNames.CHARACTER_LEVEL)
        .writeCharacterLevel("0123456789+=🦙 ", characters);
    Tokenizer tokenizer = Tokenizer.load(characters);
    assertThat(tokenizer.vocabSize()).isEqualTo(18);
    assertThat(tokenizer.encode("1+1=2")).containsExactly(5, 14, 5, 15, 6);
    assertThat(tokenizer.encode("<eos>🦙x", true)).containsExactly(1, 2, 16, 3);
    assertThat(tokenizer.decode(tokenizer.encode("12 = 🦙", true), false)).isEqualTo("12 = 🦙");
    Oracle.compare(characters, "1 2+<eos>x y\n\n🦙");
  }

  @Test
  void sizesAndNamesAreChecked() {
    TokenizerTrainer trainer = new TokenizerTrainer(SpecialTokenNames.BYTE_LEVEL);
    assertThatThrownBy(() -> trainer.trainByteLevel(TEXTS, 100, Path.of("never")))
        .hasMessage("vocabSize must be at least 259, was 100");
    assertThatThrownBy(() -> trainer.writeCharacterLevel("a", Path.of("never")))
        .hasMessageStartingWith("unknown must be given");
    assertThatThrownBy(() -> new SpecialTokenNames("", "e", null, null, List.of()))
        .hasMessageContaining("must not be empty");
  }
}
