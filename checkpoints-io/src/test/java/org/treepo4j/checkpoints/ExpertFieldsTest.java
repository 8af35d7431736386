package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.treepo4j.checkpoints.Design.Experts;

class ExpertFieldsTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String SIZES =
      """
      {"vocab_size":100,"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,
       "num_key_value_heads":2,"intermediate_size":96,"max_position_embeddings":256}
      """;

  @TempDir Path folder;

  @Test
  void whatIsLeftOutIsAsTransformersHasIt() throws IOException {
    ModelConfig qwen = read("qwen3_moe", "");
    assertThat(qwen.design().experts()).isEqualTo(new Experts(128, 8, 768, false));
    assertThat(qwen.qkNorm()).isTrue();
    assertThat(qwen.ffnSize()).isEqualTo(96);
    assertThat(read("qwen3_moe", "'num_local_experts':16").design().experts())
        .isEqualTo(new Experts(16, 8, 768, false)); // as transformers 5 writes it
    ModelConfig olmo = read("olmoe", "'num_experts_per_tok':2,'norm_topk_prob':true");
    assertThat(olmo.design().experts()).isEqualTo(new Experts(64, 2, 96, true));
    assertThat(olmo.normEps()).isEqualTo(1e-5);
    assertThat(olmo.architecture().normsSpanHeads()).isTrue();
    assertThat(olmo.architecture().norms()).isEqualTo(Architecture.Norms.BEFORE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          qwen3_moe | 'decoder_sparse_step':2         | decoder_sparse_step other than 1
          qwen3_moe | 'mlp_only_layers':[0]           | mlp_only_layers is not supported
          qwen3_moe | 'use_sliding_window':true       | use_sliding_window is not supported
          qwen3_moe | 'output_router_logits':true     | output_router_logits
          qwen3_moe | 'num_experts':4                 | num_experts_per_tok must be at most num_experts 4, was 8
          qwen3_moe | 'num_experts':8,'num_local_experts':9 | num_experts is 8, num_local_experts 9
          qwen3_moe | 'num_experts':0                 | num_experts: expected a positive whole number
          olmoe     | 'clip_qkv':8.0                  | clip_qkv is not supported
          olmoe     | 'hidden_act':'relu'             | hidden_act "relu" is not supported
          """)
  void refusesByName(String modelType, String fields, String problem) {
    assertThatThrownBy(() -> read(modelType, fields))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void moreExpertsThanTensorsAreRefusedBeforeTheirNamesAreListed() throws IOException {
    read("olmoe", "'num_experts':2000000000");
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(
            folder.resolve("model.safetensors"),
            List.of(TensorSpec.of("a", DType.F32, 1), TensorSpec.of("b", DType.F32, 1)),
            Map.of())) {
      writer.writeFloats("a", new float[1]);
      writer.writeFloats("b", new float[1]);
      writer.finish();
    }
    assertThatThrownBy(() -> HfFolder.open(folder))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("num_experts is 2000000000");
  }

  private ModelConfig read(String modelType, String fields) throws IOException {
    ObjectNode json = (ObjectNode) JSON.readTree(SIZES);
    json.put("model_type", modelType);
    json.setAll((ObjectNode) JSON.readTree("{" + fields.replace('\'', '"') + "}"));
    Files.writeString(folder.resolve("config.json"), json.toString());
    return HfFolder.readConfig(folder);
  }
}
