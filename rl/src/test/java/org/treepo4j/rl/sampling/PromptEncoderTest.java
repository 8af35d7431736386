package org.treepo4j.rl.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.rl.data.ChatMessage;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.train.LetterTokenizer;
import org.treepo4j.tokenizer.ChatTemplate;
import org.treepo4j.tokenizer.DroppedCharacters;
import org.treepo4j.tokenizer.SpecialTokens;
import org.treepo4j.tokenizer.Tokenizer;

/** Texts go to the tokenizer as they stand, message lists through the model's chat template. */
class PromptEncoderTest {
  private static final Prompt CONVERSATION =
      new Prompt.Conversation(
          List.of(new ChatMessage("system", "ab"), new ChatMessage("user", "cd")));

  private final Tokenizer tokenizer = new LetterTokenizer();

  private static String format(List<ChatMessage> messages) {
    StringBuilder text = new StringBuilder();
    messages.forEach(
        message -> text.append(message.role().charAt(0)).append(message.content()).append("e"));
    return text.append("a").toString();
  }

  @Test
  void aConversationGoesThroughTheChatTemplateWhichBringsItsOwnSpecialTokens() {
    PromptEncoder encoder = new PromptEncoder(tokenizer, Optional.of(PromptEncoderTest::format));
    assertThat(encoder.encode(CONVERSATION)).isEqualTo(tokenizer.encode("sabeucdea", false));
    assertThat(encoder.encode(new Prompt.Text("abc"))).isEqualTo(tokenizer.encode("abc", true));
  }

  @Test
  void aConversationForAModelWithoutATemplateIsRefused() {
    PromptEncoder encoder = new PromptEncoder(tokenizer, Optional.empty());
    assertThatThrownBy(() -> encoder.encode(CONVERSATION))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no chat template");
  }

  @Test
  void aTemplateThatAsksForTheDateGetsTheSameOneEveryDay(@TempDir Path model) throws IOException {
    Files.writeString(
        model.resolve("chat_template.jinja"),
        "{{ strftime_now('%d %b %Y') }}{% for m in messages %}{{ m.content }}{% endfor %}");
    List<String> texts = new ArrayList<>();
    Tokenizer remembering =
        new LetterTokenizer() {
          @Override
          public int[] encode(String text) {
            texts.add(text);
            return new int[] {1};
          }
        };
    SpecialTokens none =
        new SpecialTokens(
            OptionalInt.empty(), new TreeSet<>(), OptionalInt.empty(), OptionalInt.empty());
    PromptEncoder.of(new ModelTokenizer(remembering, ChatTemplate.load(model), none))
        .encode(CONVERSATION);
    assertThat(texts).last().isEqualTo("01 Jan 2026abcd");
  }

  @Test
  void promptsThatLoseCharactersAreCounted() {
    Tokenizer losing =
        new LetterTokenizer() {
          @Override
          public DroppedCharacters dropped(String text) {
            return new DroppedCharacters(
                text.chars()
                    .filter(c -> c < 'a')
                    .boxed()
                    .collect(Collectors.toCollection(LinkedHashSet::new)));
          }
        };
    PromptEncoder encoder = new PromptEncoder(losing, Optional.empty());
    assertThat(encoder.droppedNote(List.of(Task.of("1", "ab", "")))).isEmpty();
    assertThat(
            encoder.droppedNote(
                List.of(Task.of("1", "aB", ""), Task.of("2", "b", ""), Task.of("3", "BA\n", ""))))
        .hasValue(
            "2 of 3 prompts hold characters that the model's tokenizer has no token for and"
                + " leaves out: 'B' (U+0042), 'A' (U+0041), U+000A");
  }

  @Test
  void aPromptIsEncodedOnce() {
    List<String> formatted = new ArrayList<>();
    PromptEncoder encoder =
        new PromptEncoder(
            tokenizer,
            Optional.of(
                messages -> {
                  formatted.add(format(messages));
                  return format(messages);
                }));
    int[] ids = encoder.encode(CONVERSATION);

    assertThat(encoder.encode(CONVERSATION)).isSameAs(ids);
    assertThat(formatted).hasSize(1);
    assertThat(encoder.encode(new Prompt.Text("abc"))).isNotSameAs(ids);
  }
}
