package org.treepo4j.rl.supervised;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.rl.data.DemonstrationReader.Turns;
import org.treepo4j.rl.sampling.PromptEncoder;
import org.treepo4j.rl.train.LetterTokenizer;
import org.treepo4j.tokenizer.DroppedCharacters;
import org.treepo4j.tokenizer.Tokenizer;

class CorpusTest {
  private static final long SEED = 3;
  @TempDir private Path folder;

  @Test
  void aSyntheticTaskMakesNoDemonstrationOfHeldOutPrompts() throws IOException {
    Tokenizer tokenizer = new LetterTokenizer();
    String heldOut = prompts(List.of(), tokenizer).get(0);

    Path file = folder.resolve("test.jsonl");
    Files.writeString(file, "{\"prompt\": \"%s\", \"answer\": \"1\"}\n".formatted(heldOut));
    assertThat(prompts(List.of(file), tokenizer)).hasSize(40).noneMatch(heldOut::equals);
  }

  @Test
  void filesOfDemonstrationsHoldNothingOut() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new CorpusSettings(
                    List.of(),
                    List.of(),
                    "",
                    40,
                    0,
                    List.of(folder.resolve("test.jsonl")),
                    Turns.ALL))
        .withMessageStartingWith("heldOut");
  }

  @Test
  void examplesThatLoseCharactersAreCounted() throws IOException {
    Path file = folder.resolve("train.jsonl");
    Files.writeString(
        file,
        """
        {"prompt": "ab?", "completion": "c"}
        {"prompt": "ab", "completion": "c!"}
        {"prompt": "ab", "completion": "c"}
        """);
    Tokenizer tokenizer =
        new LetterTokenizer() {
          @Override
          public DroppedCharacters dropped(String text) {
            return new DroppedCharacters(
                text.chars().filter(c -> c < 'a').boxed().collect(Collectors.toSet()));
          }
        };
    Corpus corpus =
        Corpus.load(
            new CorpusSettings(List.of(file), List.of(), "", 40, 0, List.of(), Turns.ALL),
            tokenizer,
            new PromptEncoder(tokenizer, Optional.empty()),
            List.of(),
            200,
            SEED);
    assertThat(corpus.losing()).isEqualTo(2);
    assertThat(corpus.dropped()).hasToString("'?' (U+003F), '!' (U+0021)");
  }

  /** Characters survive {@link LetterTokenizer} as their distance to 'a'. */
  private static List<String> prompts(List<Path> heldOut, Tokenizer tokenizer) throws IOException {
    CorpusSettings settings =
        new CorpusSettings(List.of(), List.of(), "countdown", 40, 0, heldOut, Turns.ALL);
    return Corpus.load(
            settings,
            tokenizer,
            new PromptEncoder(tokenizer, Optional.empty()),
            List.of(),
            200,
            SEED)
        .training()
        .stream()
        .map(
            example -> {
              StringBuilder text = new StringBuilder();
              for (int id : example.tokens().tokens()) {
                text.append((char) (id + 'a' - 1));
              }
              return text.substring(0, text.indexOf(":") + 1);
            })
        .toList();
  }
}
