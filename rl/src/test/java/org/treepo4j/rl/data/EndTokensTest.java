package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.rl.sampling.PromptEncoder;

/** What ends an answer, where the files of a model disagree. */
class EndTokensTest {
  private static final int TEXT_END = 0;
  private static final int TURN_END = 2;
  private static final int OTHER_END = 3;
  private static final String CHATML =
      "{% for m in messages %}<|im_start|>{{ m.role }}a{{ m.content }}<|im_end|>{{ '\\\\n' }}{% endfor %}"
          + "{% if add_generation_prompt %}<|im_start|>{% endif %}";

  @TempDir Path folder;

  @Test
  void areThoseOfConfigurationGenerationAndTokenizerTogether() throws IOException {
    write("\"eos_token\":\"<|im_end|>\"", "0", "[0, 3]");
    ModelTokenizer model = ModelTokenizer.open(folder);
    assertThat(model.endTokens(List.of(TEXT_END))).containsExactly(TURN_END, TEXT_END, OTHER_END);
    assertThat(model.special().eos()).containsExactly(TEXT_END, TURN_END, OTHER_END);
  }

  @Test
  void idsThatTheModelDoesNotHaveAreNone() throws IOException {
    write("\"eos_token\":\"<|im_end|>\"", "[0, 300],\"vocab_size\":300", "[3, 151645, -1]");
    assertThat(ModelTokenizer.open(folder).special().eos())
        .containsExactly(TEXT_END, TURN_END, OTHER_END);
    write("\"eos_token\":\"<|im_end|>\"", "7,\"text_config\":{\"vocab_size\":7}", "null");
    assertThat(ModelTokenizer.open(folder).special().eos()).containsExactly(TURN_END);
  }

  @Test
  void aTokenizerWithoutOneLeavesThoseOfTheModel() throws IOException {
    write("\"pad_token\":\"<|endoftext|>\"", "0", "null");
    assertThat(ModelTokenizer.open(folder).endTokens(List.of(TEXT_END))).containsExactly(TEXT_END);
  }

  @Test
  void aTurnEndsAsTheTemplateEndsIt() throws IOException {
    write(
        "\"eos_token\":\"<|endoftext|>\",\"chat_template\":\"%s\"".formatted(CHATML), "0", "null");
    ModelTokenizer model = ModelTokenizer.open(folder);
    assertThat(model.turnEnd()).hasValue(TURN_END);
    assertThat(model.endTokens(List.of(OTHER_END))).containsExactly(TEXT_END, OTHER_END, TURN_END);
    PromptEncoder prompts = PromptEncoder.of(model);
    Prompt asked = new Prompt.Conversation(List.of(new ChatMessage("user", "a")));
    assertThat(prompts.endToken(asked, List.of(OTHER_END))).isEqualTo(TURN_END);
    assertThat(prompts.endToken(new Prompt.Text("a"), List.of(OTHER_END))).isEqualTo(TEXT_END);
  }

  @Test
  void aTemplateThatEndsTurnsWithNothingLeavesTheTokenizers() throws IOException {
    for (String template :
        List.of(
            "{% for m in messages %}{{ m.content }}{% endfor %}",
            "{% for m in messages %}{{ m.content }} a<|im_end|>{% endfor %}",
            "{{ raise_exception('other conversations') }}")) {
      write("\"eos_token\":\"<|end|>\",\"chat_template\":\"%s\"".formatted(template), "0", "null");
      ModelTokenizer model = ModelTokenizer.open(folder);
      assertThat(model.turnEnd()).isEmpty();
      Prompt asked = new Prompt.Conversation(List.of(new ChatMessage("user", "a")));
      assertThat(PromptEncoder.of(model).endToken(asked, List.of(TEXT_END))).isEqualTo(OTHER_END);
    }
  }

  @Test
  void anOpeningThoughtInThePromptBelongsToTheAnswer() throws IOException {
    write(
        "\"chat_template\":\"{{ messages[0].content }}{% if add_generation_prompt %}<think>{{ '\\\\n' }}{% endif %}\"",
        "0", "null");
    PromptEncoder prompts = PromptEncoder.of(ModelTokenizer.open(folder));
    Prompt asked = new Prompt.Conversation(List.of(new ChatMessage("user", "a")));
    assertThat(prompts.opening(asked)).isEqualTo("<think>\n");
    assertThat(prompts.opening(new Prompt.Text("a <think>"))).isEqualTo("<think>");
    assertThat(prompts.opening(new Prompt.Text("<think>\n\n</think>\n\n")))
        .isEqualTo("<think>\n\n</think>\n\n");
    assertThat(prompts.opening(new Prompt.Text("<think> a"))).isEmpty();
    assertThat(prompts.opening(new Prompt.Text("a"))).isEmpty();
  }

  private void write(String tokenizerConfig, String eos, String generationEos) throws IOException {
    StringBuilder tokens = new StringBuilder();
    StringBuilder vocabulary = new StringBuilder();
    String[] special = {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|end|>"};
    for (int i = 0; i < special.length; i++) {
      tokens
          .append(i == 0 ? "" : ",")
          .append("{\"id\":%d,\"content\":\"%s\",\"special\":true}".formatted(i, special[i]));
      vocabulary.append("\"%s\":%d,".formatted(special[i], i));
    }
    for (char c = ' '; c < 127; c++) {
      if (c != '"' && c != '\\') {
        vocabulary.append("\"%c\":%d,".formatted(c, (int) c));
      }
    }
    Files.writeString(
        folder.resolve("tokenizer.json"),
        "{\"added_tokens\":[%s],\"model\":{\"type\":\"BPE\",\"vocab\":{%s\"é\":200},\"merges\":[]}}"
            .formatted(tokens, vocabulary));
    Files.writeString(folder.resolve("tokenizer_config.json"), "{" + tokenizerConfig + "}");
    Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\":%s}".formatted(eos));
    Files.writeString(
        folder.resolve("generation_config.json"), "{\"eos_token_id\":%s}".formatted(generationEos));
  }
}
