package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.testsupport.SharedData;

/** Ids that other implementations made from the same files. */
class TokenizerVectorsTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @Test
  void qwen2GivesTheIdsOfLlamaCpp() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(SharedData.require("qwen2-tokenizer"));
    checkQwen2(tokenizer);
    checkSpecialTokens(tokenizer);
  }

  @Test
  void vocabularyAndMergesGiveTheSameIds(@TempDir Path folder) throws IOException {
    Path source = SharedData.require("qwen2-tokenizer");
    for (String name : List.of("vocab.json", "merges.txt", "tokenizer_config.json")) {
      Files.copy(source.resolve(name), folder.resolve(name));
    }
    checkQwen2(Tokenizer.load(folder));
    checkSpecialTokens(Tokenizer.load(folder));
  }

  @Test
  void vocabularyAndMergesAloneTellThePattern(@TempDir Path folder) throws IOException {
    Path source = SharedData.require("qwen2-tokenizer");
    for (String name : List.of("vocab.json", "merges.txt")) {
      Files.copy(source.resolve(name), folder.resolve(name));
    }
    checkQwen2(Tokenizer.load(folder));
  }

  private static void checkQwen2(Tokenizer tokenizer) throws IOException {
    for (JsonNode vector : vectors("qwen2.jsonl")) {
      String text = vector.get("text").textValue();
      int[] ids = ids(vector);
      assertThat(tokenizer.encode(text)).as(text).isEqualTo(ids);
      assertThat(tokenizer.decode(ids, false)).isEqualTo(text);
    }
    assertThat(tokenizer.encode("<|endoftext|>")).containsExactly(151643);
  }

  private static void checkSpecialTokens(Tokenizer tokenizer) {
    assertThat(tokenizer.encode("<|im_start|>user\n")).containsExactly(151644, 872, 198);
    assertThat(tokenizer.decode(new int[] {151644, 872, 151645}, false)).isEqualTo("user");
    assertThat(tokenizer.vocabSize()).isEqualTo(151646);
  }

  @Test
  void storiesGivesTheIdsOfTheDerivedVectors() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(SharedData.require("stories260K"));
    for (JsonNode vector : vectors("stories260K.jsonl")) {
      String text = vector.get("text").textValue();
      assertThat(tokenizer.encode(text, true)).as(text).isEqualTo(ids(vector));
      assertThat(tokenizer.decode(ids(vector), false)).isEqualTo(vector.get("decoded").textValue());
    }
  }

  @Test
  void storiesDecodesTheGreedyText() throws IOException {
    Path folder = SharedData.require("stories260K");
    JsonNode greedy = MAPPER.readTree(folder.resolve("greedy.json").toFile());
    Tokenizer tokenizer = Tokenizer.load(folder);
    assertThat(tokenizer.decode(ids(greedy, "greedy_from_bos_ids"), false))
        .isEqualTo(greedy.get("greedy_text").textValue());
  }

  @Test
  void characterVocabularyTakesEveryCharacter() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(SharedData.require("arithmetic-sequence-hf"));
    assertThat(tokenizer.encode("8,3:9,4S")).containsExactly(12, 14, 7, 15, 13, 14, 8, 0);
    assertThat(tokenizer.encode("1x\n2")).containsExactly(5, 3, 3, 6);
    assertThat(tokenizer.decode(new int[] {12, 14, 7, 1}, false)).isEqualTo("8,3");
    assertThat(tokenizer.decode(new int[] {12, 14, 7, 1}, true)).isEqualTo("8,3E");
    assertThat(tokenizer.vocabSize()).isEqualTo(16);
  }

  private static List<JsonNode> vectors(String name) throws IOException {
    List<JsonNode> vectors = new ArrayList<>();
    for (String line : Files.readAllLines(SharedData.require("tokenizer-vectors/" + name))) {
      vectors.add(MAPPER.readTree(line));
    }
    return vectors;
  }

  private static int[] ids(JsonNode vector) {
    return ids(vector, "ids");
  }

  private static int[] ids(JsonNode vector, String field) {
    JsonNode ids = vector.get(field);
    int[] values = new int[ids.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = ids.get(i).intValue();
    }
    return values;
  }
}
