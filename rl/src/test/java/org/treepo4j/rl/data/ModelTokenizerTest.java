package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.testsupport.SharedData;
import org.treepo4j.tokenizer.Tokenizer;

/** Tokenizers of GGUF files against reference ids, and the folders written from them. */
class ModelTokenizerTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama-spm",
        "qwen2-bpe",
        "qwen3-bpe",
        "gemma2-bpe",
        "gemma3-bpe",
        "llama3-ropescaled",
        "vocab-smollm",
        "vocab-gpt-2"
      })
  void idsTextsAndPromptsAreThoseOfTheReference(String name) throws IOException {
    Path file = SharedData.require("gguf/" + name + ".gguf");
    JsonNode reference =
        JSON.readTree(SharedData.require("gguf/" + name + ".json").toFile()).get("tokenizer");
    check(ModelTokenizer.open(file), reference);
    ModelTokenizer.writeConverted(file, folder);
    check(ModelTokenizer.open(folder), reference);
  }

  private static void check(ModelTokenizer model, JsonNode reference) throws IOException {
    Tokenizer tokenizer = model.tokenizer();
    for (JsonNode each : reference.get("cases")) {
      String text = each.get("text").textValue();
      int[] ids = ids(each);
      assertThat(tokenizer.encode(text)).as(text).containsExactly(ids);
      assertThat(tokenizer.decode(ids, text.contains("<") && !each.has("decoded")))
          .as(text)
          .isEqualTo(each.path("decoded").asText(text));
    }
    int bos = reference.get("bos").intValue();
    assertThat(model.special().bos()).hasValue(bos);
    assertThat(model.special().eos()).contains(reference.get("eos").intValue());
    int[] prompt = tokenizer.encode("a", true);
    assertThat(prompt[0] == bos).isEqualTo(reference.get("add_bos").booleanValue());
    for (JsonNode each : reference.path("chat")) {
      String rendered = model.chatTemplate().orElseThrow().render(each);
      assertThat(rendered).isEqualTo(each.get("rendered").textValue());
      assertThat(tokenizer.encode(rendered)).containsExactly(ids(each));
    }
  }

  @Test
  void smolLm2SpeaksLikeTheReference() throws IOException {
    Path file = SharedData.requireSmolLm2();
    JsonNode reference =
        JSON.readTree(SharedData.require("smollm2-135m-instruct/reference.json").toFile());
    ModelTokenizer.writeConverted(file, folder);
    for (Path model : List.of(file, folder)) {
      ModelTokenizer opened = ModelTokenizer.open(model);
      check(opened, reference.get("tokenizer"));
      for (JsonNode each : reference.get("cases")) {
        assertThat(opened.tokenizer().encode(each.get("text").textValue()))
            .containsExactly(ids(each));
        if (each.has("messages")) {
          assertThat(opened.chatTemplate().orElseThrow().render(each))
              .isEqualTo(each.get("text").textValue());
          JsonNode greedy = each.get("greedy");
          assertThat(opened.tokenizer().decode(ids(greedy), true))
              .isEqualTo(greedy.get("text").textValue());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"llama-spm", "qwen2-bpe", "qwen3-bpe", "llama3-ropescaled", "vocab-smollm"})
  void aConvertedTokenizerGivesTheSameIdsOnAnyText(String name) throws IOException {
    Path file = SharedData.require("gguf/" + name + ".gguf");
    Tokenizer embedded = ModelTokenizer.open(file).tokenizer();
    ModelTokenizer.writeConverted(file, folder);
    Tokenizer converted = Tokenizer.load(folder);
    SplittableRandom random = new SplittableRandom(20_261_128);
    for (int i = 0; i < 2_000; i++) {
      String text = text(random, embedded);
      assertThat(converted.encode(text, true))
          .as(text)
          .containsExactly(embedded.encode(text, true));
      int[] ids = embedded.encode(text);
      assertThat(converted.decode(ids, true)).isEqualTo(embedded.decode(ids, true));
    }
  }

  /** Tokens, letters, digits, spaces and anything else, in any order. */
  private static String text(SplittableRandom random, Tokenizer tokenizer) {
    StringBuilder text = new StringBuilder();
    for (int parts = random.nextInt(40); parts > 0; parts--) {
      switch (random.nextInt(5)) {
        case 0 -> text.append(tokenizer.token(random.nextInt(tokenizer.vocabSize())));
        case 1 -> text.append((char) random.nextInt('a', 'e'));
        case 2 -> text.append(" \n\t'".charAt(random.nextInt(4)));
        case 3 -> text.append((char) random.nextInt('0', '9'));
        default -> text.appendCodePoint(random.nextInt(0xA0, 0xD000));
      }
    }
    return text.toString();
  }

  private static int[] ids(JsonNode node) {
    return StreamSupport.stream(node.get("ids").spliterator(), false)
        .mapToInt(JsonNode::intValue)
        .toArray();
  }
}
