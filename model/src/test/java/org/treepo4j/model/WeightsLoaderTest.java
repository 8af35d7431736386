package org.treepo4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.testsupport.SharedData;

class WeightsLoaderTest {
  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 8,
       "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
       "num_key_value_heads": 1, "head_dim": 2, "intermediate_size": 6,
       "max_position_embeddings": 16, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
       "hidden_act": "silu", "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": 2}
      """;

  @TempDir Path folder;

  /** The shapes that {@link #CONFIG} asks for. */
  private static Map<String, int[]> shapes() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new int[] {8, 4});
    String block = "model.layers.0.";
    shapes.put(block + "input_layernorm.weight", new int[] {4});
    shapes.put(block + "self_attn.q_proj.weight", new int[] {4, 4});
    shapes.put(block + "self_attn.k_proj.weight", new int[] {2, 4});
    shapes.put(block + "self_attn.v_proj.weight", new int[] {2, 4});
    shapes.put(block + "self_attn.o_proj.weight", new int[] {4, 4});
    shapes.put(block + "post_attention_layernorm.weight", new int[] {4});
    shapes.put(block + "mlp.gate_proj.weight", new int[] {6, 4});
    shapes.put(block + "mlp.up_proj.weight", new int[] {6, 4});
    shapes.put(block + "mlp.down_proj.weight", new int[] {4, 6});
    shapes.put("model.norm.weight", new int[] {4});
    return shapes;
  }

  /** Writes tensors whose elements count up from 0 over the whole file. */
  private HfFolder write(Map<String, int[]> shapes) throws IOException {
    StringBuilder header = new StringBuilder("{");
    int bytes = 0;
    for (Map.Entry<String, int[]> tensor : shapes.entrySet()) {
      int size = 4 * Arrays.stream(tensor.getValue()).reduce(1, Math::multiplyExact);
      header
          .append(header.length() > 1 ? "," : "")
          .append(
              "\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                  .formatted(
                      tensor.getKey(), Arrays.toString(tensor.getValue()), bytes, bytes + size));
      bytes += size;
    }
    byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    byte[] length = new byte[8];
    littleEndian(length).putLong(json.length);
    byte[] data = new byte[bytes];
    for (int i = 0; i < bytes / 4; i++) {
      littleEndian(data).putFloat(4 * i, i);
    }
    file.write(length);
    file.write(json);
    file.write(data);
    Files.write(folder.resolve("model.safetensors"), file.toByteArray());
    Files.writeString(folder.resolve("config.json"), CONFIG);
    return HfFolder.open(folder);
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void refused(Map<String, int[]> shapes, String... parts) throws IOException {
    try (HfFolder opened = write(shapes)) {
      assertThatThrownBy(() -> WeightsLoader.load(opened))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining(folder.toString())
          .hasMessageContainingAll(parts)
          .message()
          .doesNotContain("\n");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "stories260K",
        "arithmetic-sequence-hf",
        "models/qwen2-tiny-sharded",
        "models/llama3-tiny-ropescaled"
      })
  void readsRealFolders(String name) throws IOException {
    try (HfFolder real = HfFolder.open(SharedData.require(name))) {
      assertThat(WeightsLoader.load(real).parameters())
          .extracting(Parameter::name)
          .containsExactlyElementsOf(TensorNames.shapes(real.config()).keySet());
    }
  }

  @Test
  void everyTensorGoesToItsParameter() throws IOException {
    try (HfFolder opened = write(shapes())) {
      Weights weights = WeightsLoader.load(opened);
      assertThat(weights.parameter("model.embed_tokens.weight").values()[5]).isEqualTo(5f);
      assertThat(weights.parameter("model.layers.0.input_layernorm.weight").values())
          .containsExactly(32, 33, 34, 35);
      assertThat(weights.parameters()).allMatch(Parameter::trainable);
    }
  }

  @Test
  void keepsAHeadThatDiffersFromTheEmbeddingItIsTiedTo() throws IOException {
    Map<String, int[]> shapes = shapes();
    shapes.put("lm_head.weight", new int[] {8, 4});
    try (HfFolder opened = write(shapes)) {
      assertThat(WeightsLoader.load(opened).parameters())
          .hasSize(12)
          .extracting(Parameter::name)
          .contains("lm_head.weight");
    }
  }

  @Test
  void namesAMissingTensor() throws IOException {
    Map<String, int[]> shapes = shapes();
    shapes.remove("model.layers.0.mlp.up_proj.weight");
    refused(shapes, "has no tensor model.layers.0.mlp.up_proj.weight", "[6, 4]");
  }

  @Test
  void namesATensorOfAnotherShape() throws IOException {
    Map<String, int[]> shapes = shapes();
    shapes.put("model.layers.0.self_attn.k_proj.weight", new int[] {4, 4});
    refused(shapes, "model.layers.0.self_attn.k_proj.weight", "[4, 4]", "[2, 4]");
  }

  @Test
  void namesTensorsTheModelDoesNotHave() throws IOException {
    Map<String, int[]> shapes = shapes();
    shapes.put("model.layers.0.self_attn.q_proj.bias", new int[] {4});
    refused(shapes, "1 tensor", "model.layers.0.self_attn.q_proj.bias");
  }
}
