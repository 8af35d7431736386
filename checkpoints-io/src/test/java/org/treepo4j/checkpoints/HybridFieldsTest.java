package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Layer;
import org.treepo4j.testsupport.SharedData;

class HybridFieldsTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String SIZES =
      """
      {"vocab_size":100,"hidden_size":64,"num_hidden_layers":8,"num_attention_heads":4,
       "num_key_value_heads":2,"intermediate_size":128,"max_position_embeddings":256,
       "model_type":"qwen3_5_text"}
      """;

  @TempDir Path folder;

  @Test
  void whatIsLeftOutIsAsTransformersHasIt() throws IOException {
    ModelConfig config = read((ObjectNode) JSON.readTree(SIZES));
    assertThat(config.design().deltaRule()).isEqualTo(new DeltaRule(16, 32, 128, 128, 4));
    assertThat(config.design().layers())
        .containsExactly(
            Layer.LINEAR,
            Layer.LINEAR,
            Layer.LINEAR,
            Layer.PLAIN,
            Layer.LINEAR,
            Layer.LINEAR,
            Layer.LINEAR,
            Layer.PLAIN);
    assertThat(config.attentionLayers()).isEqualTo(2);
    assertThat(config.attentionLayersBefore(7)).isEqualTo(1);
    assertThat(config.headDim()).isEqualTo(256);
    assertThat(config.rotaryWidth()).isEqualTo(64);
    assertThat(config.tiedEmbeddings()).isFalse();
    assertThat(config.queryRows()).isEqualTo(2 * 4 * 256);
  }

  @Test
  void aNestedModelIsItsTextPart() throws IOException {
    ObjectNode text = (ObjectNode) JSON.readTree(SIZES);
    ModelConfig alone = read(text.deepCopy());
    ObjectNode outer = JSON.createObjectNode().put("model_type", "qwen3_5");
    outer.set("text_config", text);
    outer.putObject("vision_config").put("model_type", "qwen3_5").put("depth", 1);
    assertThat(read(outer)).isEqualTo(alone);
    assertThat(read(outer.put("tie_word_embeddings", true)).tiedEmbeddings()).isTrue();
    text.put("tie_word_embeddings", false);
    assertThatThrownBy(() -> read(outer))
        .hasMessageContaining("tie_word_embeddings is true, but text_config.");
    text.put("tie_word_embeddings", true).put("hidden_size", "x");
    assertThatThrownBy(() -> read(outer))
        .hasMessageContaining("text_config.hidden_size: expected a positive whole number");
    text.put("model_type", "qwen3_5_moe_text");
    assertThatThrownBy(() -> read(outer)).hasMessageContaining("\"qwen3_5_moe_text\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          'layer_types':['linear_attention']        | layer_types has 1 entries for 8 layers
          'layer_types':['a','a','a','a','a','a','a','a'] | layer_types "a" is not supported in qwen3_5_text
          'hidden_act':'gelu_pytorch_tanh'          | hidden_act "gelu_pytorch_tanh" is not supported in qwen3_5_text
          'attention_bias':true                     | attention_bias is not supported in qwen3_5_text
          'linear_num_value_heads':24               | linear_num_value_heads must be a multiple of linear_num_key_heads 16, was 24
          'linear_num_key_heads':0                  | linear_num_key_heads: expected a positive whole number
          'linear_value_head_dim':2000000000        | too many or too wide
          'partial_rotary_factor':0.001             | partial_rotary_factor
          'partial_rotary_factor':7                 | expected an even number of at least 2 and at most 256
          'rope_parameters':{'rope_type':'dynamic'} | rope type "dynamic" is not supported
          'num_experts':8                           | mixture of experts (num_experts) is not supported
          'quantization_config':{'quant_method':'fp8'} | quantised weights
          """)
  void refusesByName(String fields, String problem) throws IOException {
    ObjectNode json = (ObjectNode) JSON.readTree(SIZES);
    json.setAll((ObjectNode) JSON.readTree("{" + fields.replace('\'', '"') + "}"));
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(problem);
    ObjectNode outer = JSON.createObjectNode().put("model_type", "qwen3_5");
    outer.set("text_config", json);
    assertThatThrownBy(() -> read(outer))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void aNestedFolderGivesItsTextTensorsAndSaysWhatItPassesOver() throws IOException {
    try (HfFolder alone = HfFolder.open(SharedData.require("models/qwen3_5-tiny"));
        HfFolder nested = HfFolder.open(SharedData.require("models/qwen3_5-tiny-nested"))) {
      assertThat(nested.config()).isEqualTo(alone.config());
      assertThat(nested.tensorNames()).isEqualTo(alone.tensorNames());
      assertThat(nested.storedName("model.norm.weight"))
          .isEqualTo("model.language_model.norm.weight");
      assertThat(nested.storedName("model.no.such")).isEqualTo("model.language_model.no.such");
      assertThat(nested.passedOver())
          .containsExactlyInAnyOrder(
              "model.visual.blocks.0.attn.qkv.weight",
              "model.visual.patch_embed.proj.weight",
              "mtp.fc.weight",
              "mtp.norm.weight");
      assertThat(alone.passedOver()).isEmpty();
      for (String name : alone.tensorNames()) {
        assertThat(nested.readFloats(name)).as(name).isEqualTo(alone.readFloats(name));
      }
      assertThat(nested.elementsByType()).isEqualTo(alone.elementsByType());
      assertThatThrownBy(() -> nested.readFloats("mtp.norm.weight"))
          .isInstanceOf(CheckpointException.class);
    }
  }

  @Test
  void theExportOfANestedFolderMayBeTheTextModel() throws IOException {
    Path source = SharedData.require("models/qwen3_5-tiny-nested");
    Path out = folder.resolve("out");
    try (HfFolder nested = HfFolder.open(source)) {
      Map<String, int[]> shapes = shapes(nested);
      HfExport.write(
          out,
          nested.config(),
          shapes,
          nested::readFloats,
          ExportOptions.of(DType.BF16, Optional.of(source)));
      assertThat(Files.readString(out.resolve("config.json")))
          .contains(
              "\"qwen3_5_text\"", "\"Qwen3_5ForCausalLM\"", "\"partial_rotary_factor\" : 0.25");
      try (HfFolder read = HfFolder.open(out)) {
        assertThat(read.config()).isEqualTo(nested.config());
        for (String name : List.copyOf(shapes.keySet())) {
          assertThat(read.readBf16(name)).isEqualTo(nested.readBf16(name));
        }
      }
    }
  }

  /** In shards so small that every tensor is one. */
  @ParameterizedTest
  @ValueSource(longs = {1, 1 << 30})
  void aTrainedTextModelGoesBackIntoTheFolderItIsFrom(long shardBytes) throws IOException {
    Path source = SharedData.require("models/qwen3_5-tiny-nested");
    Path out = folder.resolve("out");
    try (HfFolder nested = HfFolder.open(source)) {
      HfExport.write(
          out,
          nested.config(),
          shapes(nested),
          name -> twice(nested.readFloats(name)),
          new ExportOptions(DType.F32, shardBytes, Optional.of(source)).withPartsOf(source));
      ObjectNode config = (ObjectNode) JSON.readTree(source.resolve("config.json").toFile());
      config.put("dtype", "float32");
      ((ObjectNode) config.get("text_config")).put("dtype", "float32");
      assertThat(JSON.readTree(out.resolve("config.json").toFile())).isEqualTo(config);
      try (HfFolder read = HfFolder.open(out)) {
        assertThat(read.config()).isEqualTo(nested.config());
        assertThat(read.passedOver()).isEqualTo(nested.passedOver());
        for (String name : nested.tensorNames()) {
          assertThat(read.storedName(name)).isEqualTo(nested.storedName(name));
          assertThat(read.readFloats(name)).isEqualTo(twice(nested.readFloats(name)));
        }
        for (String name : nested.passedOver()) {
          assertThat(read.stored(name).holdsSame(name, nested.stored(name), name)).isTrue();
        }
      }
    }
  }

  @Test
  void aHeadOfItsOwnIsSaidAtBothLevels() throws IOException {
    Path source = SharedData.require("models/qwen3_5-tiny-nested");
    Path out = folder.resolve("out");
    try (HfFolder nested = HfFolder.open(source)) {
      Map<String, int[]> shapes = shapes(nested);
      shapes.put("lm_head.weight", shapes.get("model.embed_tokens.weight"));
      HfExport.write(
          out,
          nested.config().untied(),
          shapes,
          name ->
              name.equals("lm_head.weight")
                  ? twice(nested.readFloats("model.embed_tokens.weight"))
                  : nested.readFloats(name),
          ExportOptions.of(DType.BF16, Optional.of(source)).withPartsOf(source));
      try (HfFolder read = HfFolder.open(out)) {
        assertThat(read.config()).isEqualTo(nested.config().untied());
        assertThat(read.notes()).isEmpty();
        assertThat(read.passedOver()).isEqualTo(nested.passedOver());
      }
    }
  }

  @Test
  void anotherModelTakesNoPartOfAFolder() throws IOException {
    Path source = SharedData.require("models/qwen3_5-tiny-nested");
    Path out = folder.resolve("out");
    try (HfFolder nested = HfFolder.open(source)) {
      HfExport.write(
          out,
          nested.config().withTokens(1, List.of(2)),
          shapes(nested),
          nested::readFloats,
          ExportOptions.of(DType.BF16, Optional.empty()).withPartsOf(source));
      try (HfFolder read = HfFolder.open(out)) {
        assertThat(read.passedOver()).isEmpty();
      }
    }
  }

  private static Map<String, int[]> shapes(HfFolder model) throws IOException {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    for (String name : model.tensorNames()) {
      shapes.put(name, model.shape(name).stream().mapToInt(Long::intValue).toArray());
    }
    return shapes;
  }

  private static float[] twice(float[] values) {
    float[] doubled = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      doubled[i] = 2 * values[i];
    }
    return doubled;
  }

  private ModelConfig read(ObjectNode json) throws IOException {
    Files.writeString(folder.resolve("config.json"), json.toString());
    return HfFolder.readConfig(folder);
  }
}
