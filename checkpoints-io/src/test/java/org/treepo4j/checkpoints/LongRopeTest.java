package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LongRoPE as Phi-3's configurations say it: for texts that its short factors are made for. */
class LongRopeTest {
  private static final String SIZES =
      """
      "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100,
      "intermediate_size": 96, "max_position_embeddings": 1024, "pad_token_id": 0,
      """;

  private static final String FACTORS =
      "\"short_factor\":[1,1.25,2,3.5],\"long_factor\":[1.5,4,9,16]";

  private static final RopeScaling.LongRope EXPECTED =
      new RopeScaling.LongRope(
          List.of(1.0, 1.25, 2.0, 3.5), List.of(1.5, 4.0, 9.0, 16.0), Math.sqrt(2), 32, 1024);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"partial_rotary_factor\":0.5,\"rope_theta\":1e4,\"rope_scaling\":{\"type\":\"longrope\",",
        "\"partial_rotary_factor\":0.5,\"rope_theta\":1e4,\"rope_scaling\":{\"type\":\"su\",",
        "\"rope_parameters\":{\"rope_theta\":1e4,\"partial_rotary_factor\":0.5,\"rope_type\":\"longrope\","
      })
  void everySpellingIsReadForTextsOfTheOriginalLength(String fields) throws IOException {
    ModelConfig model = read(fields + FACTORS + "},\"original_max_position_embeddings\":32");
    assertThat(model.ropeScaling()).isEqualTo(EXPECTED);
    assertThat(model.maxPositions()).isEqualTo(32);
    assertThat(model.rotaryWidth()).isEqualTo(8);
  }

  @Test
  void aGivenAttentionFactorOrFactorCounts() throws IOException {
    String longrope =
        "\"partial_rotary_factor\":0.5,\"rope_scaling\":{\"type\":\"longrope\"," + FACTORS;
    String original = "},\"original_max_position_embeddings\":32";
    assertThat(attention(longrope + ",\"attention_factor\":1.5" + original)).isEqualTo(1.5);
    assertThat(attention(longrope + ",\"factor\":1" + original)).isEqualTo(1);
    // 4096 where nothing is said, which is more than these models read
    assertThat(attention(longrope + "}")).isEqualTo(1);
    assertThat(read(longrope + "}").maxPositions()).isEqualTo(1024);
  }

  @Test
  void whatIsWrittenIsWhatEveryVersionOfTransformersReads() throws IOException {
    ModelConfig model =
        read(
            "\"sliding_window\":512,\"partial_rotary_factor\":0.5,\"rope_scaling\":{\"type\":\"longrope\","
                + FACTORS
                + "},\"original_max_position_embeddings\":32");
    ObjectNode json = HfConfigWriter.config(Path.of("config.json"), model, DType.F32);
    assertThat(json.get("max_position_embeddings").asInt()).isEqualTo(1024);
    assertThat(json.get("original_max_position_embeddings").asInt()).isEqualTo(32);
    assertThat(json.get("sliding_window").asInt()).isEqualTo(512);
    JsonNode scaling = json.get("rope_scaling");
    assertThat(scaling.fieldNames())
        .toIterable()
        .containsExactly("type", "short_factor", "long_factor");
    Files.write(folder.resolve("config.json"), HfConfigWriter.bytes(json));
    assertThat(HfFolder.readConfig(folder)).isEqualTo(model);
  }

  private double attention(String fields) throws IOException {
    return ((RopeScaling.LongRope) read(fields).ropeScaling()).attentionFactor();
  }

  private ModelConfig read(String fields) throws IOException {
    Files.writeString(
        folder.resolve("config.json"), "{\"model_type\":\"phi3\"," + SIZES + fields + "}");
    return HfFolder.readConfig(folder);
  }
}
