package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.treepo4j.rl.data.DemonstrationReader.Turns;

class DemonstrationReaderTest {
  private static final String CONVERSATION =
      "{\"messages\":[%s]}\n"
          .formatted(
              String.join(
                  ",",
                  message("system", "s"),
                  message("user", "u1"),
                  message("assistant", "a1"),
                  message("user", "u2"),
                  message("tool", "t"),
                  message("assistant", "a2")));

  @TempDir Path folder;

  @Test
  void everyTurnOfTheAssistantIsLearnedAfterAllThatWasSaidBefore() throws IOException {
    List<Demonstration> all = DemonstrationReader.read(file(CONVERSATION), Turns.ALL);
    assertThat(all).extracting(Demonstration::completion).containsExactly("a1", "a2");
    assertThat(all).extracting(d -> d.prompt().text()).containsExactly("s\nu1", "s\nu1\na1\nu2\nt");
  }

  @Test
  void theLastTurnAloneIsLearnedWhereTheSettingSaysSo() throws IOException {
    assertThat(DemonstrationReader.read(file(CONVERSATION), Turns.LAST))
        .extracting(Demonstration::completion)
        .containsExactly("a2");
  }

  @ParameterizedTest
  @CsvSource({"user", "system", "tool", "human", "ASSISTANT", "gpt", "model"})
  void aConversationThatEndsInAnotherRoleIsRefusedWithItsLine(String role) throws IOException {
    Path file =
        file(
            "{\"prompt\":\"p\",\"completion\":\"c\"}\n{\"messages\":[%s,%s]}\n"
                .formatted(message("assistant", "a"), message(role, "x")));
    assertThatThrownBy(() -> DemonstrationReader.read(file))
        .hasMessage(
            file
                + ":2: messages[1].role: expected the conversation to end with the assistant, was "
                + role);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"messages":"hi"}                                            | messages: expected a list, was text
          {"messages":[]}                                              | messages: expected at least two, was 0
          {"messages":[{"role":"user"},{"role":"assistant"}]}          | messages[0].content: expected text, was absent
          {"messages":[{"role":"user","content":["x"]},{"role":"assistant","content":"x"}]} | messages[0].content: expected text, was list
          {"messages":[{"content":"x"},{"role":"assistant","content":"x"}]} | messages[0].role: expected text, was absent
          {"prompt":"a","completion":3}                                | completion: expected text, was number
          {"text":null}                                                | text: expected text, was null
          {"text":"a"}{"text":"b"}                                     | text after the object
          [1]                                                          | expected one JSON object, was 1
          {"text":"a","text":"b"}                                      | c.jsonl:1: expected one JSON object: field 'text' stands twice
          {"text":"a\\ud800"}                                          | c.jsonl:1: text: expected Unicode text
          {"prompt":"a","completion":"\\udc00"}                        | c.jsonl:1: completion: expected Unicode text
          {"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"\\ud800"}]} | messages[1].content: expected Unicode text
          """)
  void whatIsNoDemonstrationIsNamed(String row, String problem) throws IOException {
    Path file = file(row + "\n");
    assertThatThrownBy(() -> DemonstrationReader.read(file))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(problem);
  }

  @Test
  void rowsMayComeAsAListOrWithAByteOrderMark() throws IOException {
    assertThat(DemonstrationReader.read(file("\uFEFF[{\"text\":\"a\"},\n{\"text\":\"b\"}]")))
        .hasSize(2);
    assertThat(DemonstrationReader.read(file("\uFEFF{\"text\":\"a\",\"loss\":NaN}"))).hasSize(1);
  }

  private static String message(String role, String content) {
    return "{\"role\":\"%s\",\"content\":\"%s\"}".formatted(role, content);
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("c.jsonl"), text);
  }
}
