package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HfConfigReaderTest {
  private static final JsonMapper JSON = new JsonMapper();

  private static final String SIZES =
      """
      "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 8,
      "num_key_value_heads": 2, "intermediate_size": 96, "vocab_size": 100,
      "max_position_embeddings": 8192
      """;

  @TempDir Path folder;

  @Test
  void familiesDifferInBiasesAndNorms() throws IOException {
    ModelConfig llama = read("{\"model_type\":\"llama\"," + SIZES + "}");
    ModelConfig qwen2 = read("{\"model_type\":\"qwen2\"," + SIZES + "}");
    ModelConfig qwen3 = read("{\"model_type\":\"qwen3\"," + SIZES + "}");
    ModelConfig mistral =
        read("{\"model_type\":\"mistral\",\"sliding_window\":null," + SIZES + "}");
    assertThat(llama.qkvBias()).isFalse();
    assertThat(llama.headDim()).isEqualTo(8);
    assertThat(llama.bosTokenId()).isEqualTo(1);
    assertThat(llama.eosTokenIds()).containsExactly(2);
    assertThat(qwen2.qkvBias()).isTrue();
    assertThat(qwen2.outputBias()).isFalse();
    assertThat(qwen2.eosTokenIds()).isEmpty();
    assertThat(qwen3.qkNorm()).isTrue();
    assertThat(qwen3.headDim()).isEqualTo(128);
    assertThat(mistral.qkvBias()).isFalse();
    ModelConfig biased = read("{\"model_type\":\"llama\",\"attention_bias\":true," + SIZES + "}");
    assertThat(biased.qkvBias()).isTrue();
    assertThat(biased.outputBias()).isTrue();
  }

  @Test
  void bothSpellingsOfRopeMeanTheSame() throws IOException {
    String numbers =
        """
        "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
        "original_max_position_embeddings": 8192
        """;
    String before =
        "{\"model_type\":\"llama\",\"rope_theta\":500000,\"rope_scaling\":{\"rope_type\":\"llama3\","
            + numbers
            + "},"
            + SIZES
            + "}";
    String since =
        "{\"model_type\":\"llama\",\"rope_parameters\":{\"rope_type\":\"llama3\",\"rope_theta\":5e5,"
            + numbers
            + "},"
            + SIZES
            + "}";
    assertThat(read(before)).isEqualTo(read(since));
    assertThat(read(since).ropeScaling()).isEqualTo(new RopeScaling.Llama3(8, 1, 4, 8192));
    String type =
        "{\"model_type\":\"llama\",\"rope_scaling\":{\"type\":\"linear\",\"factor\":2},"
            + SIZES
            + "}";
    assertThat(read(type).ropeScaling()).isEqualTo(new RopeScaling.Linear(2));
  }

  @Test
  void generationConfigAddsEndsOfSequence() throws IOException {
    Files.writeString(
        folder.resolve("generation_config.json"), "{\"eos_token_id\":[7,9],\"bos_token_id\":3}");
    ModelConfig config =
        read("{\"model_type\":\"qwen2\",\"eos_token_id\":9,\"bos_token_id\":null," + SIZES + "}");
    assertThat(config.eosTokenIds()).containsExactly(9, 7);
    assertThat(config.bosTokenId()).isEqualTo(3);
  }

  @Test
  void aWindowNobodyLeavesIsNone() throws IOException {
    read("{\"model_type\":\"mistral\",\"sliding_window\":8192," + SIZES + "}");
    read(
        "{\"model_type\":\"qwen2\",\"use_sliding_window\":false,\"sliding_window\":8,"
            + SIZES
            + "}");
    read(
        "{\"model_type\":\"qwen2\",\"use_sliding_window\":true,\"sliding_window\":8,"
            + "\"max_window_layers\":4,"
            + SIZES
            + "}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          llama   | 'quantization_config':{'quant_method':'gptq'}       | quantised weights (quantization_config, method "gptq")
          llama   | 'num_local_experts':8                               | mixture of experts (num_local_experts)
          qwen3   | 'num_experts':128                                   | mixture of experts (num_experts)
          mixtral | 'x':1                                               | model_type "mixtral" (experts) is not supported
          gemma2  | 'x':1                                               | model_type "gemma2" is not supported
          mistral | 'x':1                                               | sliding window attention (sliding_window absent, max_position_embeddings 8192)
          mistral | 'sliding_window':4096                               | sliding window attention
          qwen2   | 'use_sliding_window':true,'max_window_layers':2     | sliding window attention
          qwen2   | 'use_sliding_window':true,'sliding_window':99,'max_window_layers':0 | sliding window attention
          qwen3   | 'layer_types':['full_attention','sliding_attention'] | layer_types "sliding_attention"
          llama   | 'rope_scaling':{'rope_type':'yarn','factor':4}      | rope type "yarn" is not supported
          llama   | 'rope_scaling':{'type':'dynamic','factor':4}        | rope type "dynamic" is not supported
          llama   | 'rope_parameters':{'rope_type':'longrope'}          | rope type "longrope" is not supported
          llama   | 'rope_parameters':{'full_attention':{'rope_type':'default'}} | per layer type
          llama   | 'rope_scaling':{'rope_type':'llama3','factor':8}    | rope_scaling.low_freq_factor is missing
          llama   | 'rope_scaling':{'rope_type':'linear','factor':0}    | rope factor must be at least 1
          llama   | 'rope_theta':1e4,'rope_parameters':{'rope_theta':5e5,'rope_type':'default'} | contradict
          llama   | 'partial_rotary_factor':0.5                         | partial_rotary_factor
          llama   | 'hidden_act':'gelu'                                 | hidden_act "gelu" is not supported
          llama   | 'mlp_bias':true                                     | mlp_bias is not supported
          llama   | 'hidden_size':'64'                                  | hidden_size: expected a positive whole number, found "\\"64\\""
          llama   | 'hidden_size':-1                                    | hidden_size: expected a positive whole number
          llama   | 'hidden_size':null                                  | hidden_size is missing
          llama   | 'hidden_size':65                                    | hidden_size 65 is no multiple of num_attention_heads 8
          llama   | 'head_dim':7                                        | headDim must be even
          llama   | 'num_key_value_heads':3                             | kvHeads must divide heads 8
          llama   | 'eos_token_id':'x'                                  | eos_token_id: expected token ids
          llama   | 'tie_word_embeddings':1                             | tie_word_embeddings: expected true or false
          """)
  void refusesByName(String modelType, String fields, String problem) throws IOException {
    ObjectNode json = (ObjectNode) JSON.readTree("{" + SIZES + "}");
    json.put("model_type", modelType);
    json.setAll((ObjectNode) JSON.readTree("{" + fields.replace('\'', '"') + "}"));
    assertThatThrownBy(() -> read(json.toString()))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(folder.resolve("config.json") + ": ")
        .hasMessageContaining(problem.replace("\\\"", "\""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          `[]`              | expected a JSON object
          `{'a':1,'a':2}`   | Duplicate
          `{'a':1`          | is not valid JSON
          `{} {}`           | goes on after its closing }
          `{'a':NaN}`       | is not valid JSON
          ``                | expected a JSON object
          """)
  void refusesWhatIsNoObject(String json, String problem) {
    assertThatThrownBy(() -> read(json.replace('\'', '"')))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(problem);
  }

  private ModelConfig read(String json) throws IOException {
    Files.writeString(folder.resolve("config.json"), json);
    return HfConfigReader.read(folder);
  }
}
