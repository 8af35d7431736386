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

class PeftAdapterTest {
  private static final JsonMapper JSON = new JsonMapper();

  private static final PeftAdapter ADAPTER =
      new PeftAdapter(
          new AdapterConfig(2, 16, List.of("q_proj", "down_proj")),
          List.of(
              new PeftAdapter.Pair(
                  "model.layers.0.self_attn.q_proj.weight",
                  3,
                  4,
                  new float[] {1, 2, 3, 4, 5, 6, 7, 8},
                  new float[] {-1, -2, -3, -4, -5, -6},
                  8),
              new PeftAdapter.Pair(
                  "model.layers.1.mlp.down_proj.weight", 1, 1, new float[2], new float[2], 8)));

  @TempDir Path folder;

  @Test
  void comesBackUnderThePeftNames() throws IOException {
    ADAPTER.writeInto(folder, "base");
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("adapter_model.safetensors"))) {
      String module = "base_model.model.model.layers.0.self_attn.q_proj";
      assertThat(file.tensors().get(module + ".lora_A.weight").hasShape(2, 4)).isTrue();
      assertThat(file.tensors().get(module + ".lora_B.weight").hasShape(3, 2)).isTrue();
    }
    ObjectNode json = (ObjectNode) JSON.readTree(folder.resolve("adapter_config.json").toFile());
    assertThat(json.get("peft_type").textValue()).isEqualTo("LORA");
    assertThat(json.get("lora_alpha").isIntegralNumber()).isTrue();
    assertThat(json.get("base_model_name_or_path").textValue()).isEqualTo("base");
    PeftAdapter read = PeftAdapter.read(folder);
    assertThat(read).usingRecursiveComparison().isEqualTo(ADAPTER);
    assertThat(read.config().scale()).isEqualTo(8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          'peft_type':'IA3'                | peft_type: expected LORA
          'peft_type':'LOHA'               | peft_type: expected LORA, found ""LOHA""
          'peft_type':'LOKR'               | peft_type: expected LORA
          'peft_type':'ADALORA'            | peft_type: expected LORA
          'peft_type':'VERA'               | peft_type: expected LORA
          'use_dora':true                  | use_dora is not supported
          'use_qalora':true                | use_qalora is not supported
          'use_new_thing':true             | use_new_thing is not supported
          'init_lora_weights':'pissa'      | init_lora_weights "pissa" is not supported
          'init_lora_weights':'pissa_niter_16' | init_lora_weights "pissa_niter_16" is not supported
          'init_lora_weights':'olora'      | init_lora_weights "olora" is not supported
          'init_lora_weights':'corda'      | init_lora_weights "corda" is not supported
          'init_lora_weights':'loftq'      | init_lora_weights "loftq" is not supported
          'init_lora_weights':'lora_ga'    | init_lora_weights "lora_ga" is not supported
          'init_lora_weights':'newer'      | init_lora_weights "newer" is not supported
          'fan_in_fan_out':true            | fan_in_fan_out is not supported
          'lora_bias':true                 | lora_bias is not supported
          'layer_replication':[[0,1]]      | layer_replication is not supported
          'trainable_token_indices':[1]    | trainable_token_indices is not supported
          'target_parameters':['x']        | target_parameters is not supported
          'alora_invocation_tokens':[1]    | alora_invocation_tokens is not supported
          'bias':'lora_only'               | bias: expected none
          'bias':'all'                     | bias: expected none
          'rank_pattern':{'q_proj':4}      | are not of rank 4
          'rank_pattern':{'q_proj':'x'}    | rank_pattern.q_proj: expected a number
          'rank_pattern':['q_proj']        | rank_pattern: expected an object
          'alpha_pattern':{'q_proj':0}     | alpha_pattern.q_proj: expected a positive number
          'alpha_pattern':{'(':1}          | alpha_pattern: "(" is no pattern
          'modules_to_save':['lm_head']    | modules_to_save is not supported
          'target_modules':7               | target_modules: expected a list of strings
          'r':0                            | r: expected a positive whole number
          'r':3                            | are not of rank 3
          'r':2147483647                   | rank must be at most 16384, was 2147483647
          'lora_alpha':0                   | alpha must be positive
          """)
  void refusesVariantsByName(String fields, String problem) throws IOException {
    ADAPTER.writeInto(folder, "base");
    Path config = folder.resolve("adapter_config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
    json.setAll((ObjectNode) JSON.readTree("{" + fields.replace('\'', '"') + "}"));
    Files.writeString(config, json.toString());
    assertThatThrownBy(() -> PeftAdapter.read(folder))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          'use_rslora':true                                    | 11.31370849898476 | 11.31370849898476
          'use_rslora':false                                   | 8  | 8
          'alpha_pattern':{'q_proj':4}                         | 2  | 8
          'alpha_pattern':{'proj':4}                           | 8  | 8
          'alpha_pattern':{'layers.1.mlp.down_proj':6}         | 8  | 3
          'alpha_pattern':{'model.layers.\\\\d+.self_attn.q_proj':6} | 3  | 8
          'alpha_pattern':{'.*_proj':4,'q_proj':6}             | 2  | 2
          'rank_pattern':{'q_proj':2},'r':2                    | 8  | 8
          'target_modules':'.*proj'                            | 8  | 8
          'init_lora_weights':'gaussian'                       | 8  | 8
          'init_lora_weights':'eva'                            | 8  | 8
          'init_lora_weights':false                            | 8  | 8
          'use_dora':false,'rank_pattern':{},'modules_to_save':[] | 8 | 8
          """)
  void ranksAndAlphasOfModulesAreTakenOver(String fields, double query, double down)
      throws IOException {
    ADAPTER.writeInto(folder, "base");
    Path config = folder.resolve("adapter_config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
    json.setAll((ObjectNode) JSON.readTree("{" + fields.replace('\'', '"') + "}"));
    Files.writeString(config, json.toString());
    assertThat(PeftAdapter.read(folder).pairs())
        .extracting(PeftAdapter.Pair::scale)
        .containsExactlyInAnyOrder(query, down);
  }

  @Test
  void refusesTensorsWithoutPartner() throws IOException {
    ADAPTER.writeInto(folder, "base");
    Path file = folder.resolve("adapter_model.safetensors");
    for (String name :
        List.of("base_model.model.x.lora_A.weight", "base_model.model.x.lora_B.weight", "y")) {
      try (SafetensorsWriter writer =
          SafetensorsWriter.create(file, List.of(TensorSpec.of(name, DType.F32, 2, 2)), Map.of())) {
        writer.writeFloats(name, new float[4]);
        writer.finish();
      }
      assertThatThrownBy(() -> PeftAdapter.read(folder))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining(
              name.endsWith("lora_A.weight") ? "lora_B" : "not part of a LoRA pair");
    }
  }
}
