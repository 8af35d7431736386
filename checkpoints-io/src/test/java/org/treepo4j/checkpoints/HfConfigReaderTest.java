package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "rope_theta":5e5                                                         | 500000
          "rope_parameters":{"rope_theta":5e5,"rope_type":"default"}               | 500000
          "rope_theta":5e5,"rope_parameters":{"rope_type":"default"}               | 500000
          "rope_theta":5e5,"rope_parameters":{"rope_theta":5e5}                    | 500000
          "rope_scaling":{"rope_theta":5e5,"rope_type":"default"}                  | 500000
          "rope_theta":null,"rope_scaling":null,"rope_parameters":{"rope_theta":5e5} | 500000
          "rope_theta":5e5,"rope_scaling":{"rope_theta":5e5,"type":"default"}      | 500000
          "rope_scaling":null                                                      | 10000
          """)
  void thetaIsReadWhereverItIsWritten(String fields, double theta) throws IOException {
    for (String family : List.of("llama", "qwen2", "qwen3")) {
      assertThat(read("{\"model_type\":\"%s\",%s,%s}".formatted(family, fields, SIZES)).ropeTheta())
          .as(family)
          .isEqualTo(theta);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          llama  | "rope_theta":1e4,"rope_scaling":{"rope_theta":5e5} | rope_theta contradicts
          llama  | "rope_theta":1e4,"rope_parameters":{"rope_theta":5e5} | contradict
          llama  | "partial_rotary_factor":0.5 | partial_rotary_factor
          llama  | "rope_parameters":{"partial_rotary_factor":0.5} | partial_rotary_factor
          gemma3_text | "rope_parameters":{"full_attention":{"rope_theta":1e6,"partial_rotary_factor":0.5}} | full_attention.partial_rotary_factor
          gemma3_text | "rope_parameters":{"sliding_attention":{"rope_theta":1e4,"partial_rotary_factor":0.25}} | sliding_attention.partial_rotary_factor
          llama  | "rope_parameters":{"full_attention":{"rope_theta":5e5}} | per layer type
          """)
  void whatContradictsItselfOrIsNotDoneIsRefused(String family, String fields, String problem) {
    assertThatThrownBy(() -> read("{\"model_type\":\"%s\",%s,%s}".formatted(family, fields, SIZES)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void marksNansAndInfinitiesInFieldsThatNobodyReadsArePassedOver() throws IOException {
    String json = "{\"model_type\":\"llama\",\"x\":NaN,\"y\":[0.0,Infinity]," + SIZES + "}";
    assertThat(read("\uFEFF" + json).layers()).isEqualTo(4);
    assertThatThrownBy(() -> read("{\"rms_norm_eps\":NaN,\"model_type\":\"llama\"," + SIZES + "}"))
        .hasMessageContaining("rms_norm_eps: expected a number");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          version https://git-lfs.github.com/spec/v1 | Git LFS pointer
          <!doctype html>                            | HTML page
          {"a":1}{"b":2}                             | goes on after its closing }
          {"a":                                      | is not valid JSON
          {"a":nan}                                  | is not valid JSON
          """)
  void aConfigurationThatIsNoneIsNamed(String content, String problem) throws IOException {
    Files.writeString(folder.resolve("config.json"), content);
    assertThatThrownBy(() -> HfFolder.readConfig(folder))
        .hasMessageContaining("config.json: ")
        .hasMessageContaining(problem)
        .message()
        .doesNotContain("Feature", "`", "Source");
  }

  @ParameterizedTest
  @CsvSource({
    "num_attention_heads, 134217732", // times a head width of 32 it is 128 in an int
    "num_hidden_layers, 2147483647",
    "hidden_size, 1073741824",
    "intermediate_size, 2147483647",
    "vocab_size, 2147483647",
    "head_dim, 1073741824"
  })
  void sizesOfNoModelAreRefused(String field, int value) throws IOException {
    ObjectNode config =
        (ObjectNode) JSON.readTree("{\"model_type\":\"qwen3\",\"head_dim\":32," + SIZES + "}");
    config.put(field, value);
    if (field.equals("num_attention_heads")) {
      config.put("num_key_value_heads", 4);
    }
    assertThatThrownBy(() -> read(config.toString()))
        .hasMessageStartingWith(folder.resolve("config.json") + ": " + field)
        .hasMessageContaining("at most")
        .hasMessageContaining(String.valueOf(value));
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
  void tokensBeyondTheVocabularyAreLeftOutAndTold() throws IOException {
    Path generation = folder.resolve("generation_config.json");
    Files.writeString(generation, "{\"eos_token_id\":[7,100,9],\"bos_token_id\":3}");
    String fields = "\"eos_token_id\":[99,128009],\"bos_token_id\":128000,";
    ModelConfig config = read("{\"model_type\":\"qwen2\"," + fields + SIZES + "}");
    assertThat(config.eosTokenIds()).containsExactly(99, 7, 9);
    assertThat(config.bosTokenId()).isEqualTo(3);
    assertThat(HfConfigReader.notes(folder))
        .containsExactly(
            folder.resolve("config.json")
                + ": bos_token_id 128000 is beyond the model's vocabulary of 100 (vocab_size) and is passed over",
            folder.resolve("config.json")
                + ": eos_token_id 128009 is beyond the model's vocabulary of 100 (vocab_size) and is passed over",
            generation
                + ": eos_token_id 100 is beyond the model's vocabulary of 100 (vocab_size) and is passed over");
  }

  @Test
  void aFamilysDefaultBeyondTheVocabularyIsNobodysMistake() throws IOException {
    ModelConfig config = read("{\"model_type\":\"smollm3\"," + SIZES + "}");
    assertThat(config.eosTokenIds()).isEmpty();
    assertThat(config.bosTokenId()).isEqualTo(-1);
    assertThat(HfConfigReader.notes(folder)).isEmpty();
  }

  @Test
  void aWindowNobodyLeavesIsNone() throws IOException {
    assertThat(windows("mistral", "\"sliding_window\":8192")).containsOnly(0);
    assertThat(windows("qwen2", "\"use_sliding_window\":false,\"sliding_window\":8"))
        .containsOnly(0);
    assertThat(
            windows(
                "qwen2",
                "\"use_sliding_window\":true,\"sliding_window\":8,\"max_window_layers\":4"))
        .containsOnly(0);
  }

  @Test
  void windowsAreInTheLayersTheFamilySays() throws IOException {
    assertThat(windows("mistral", "\"x\":1")).containsExactly(4096, 4096, 4096, 4096);
    assertThat(windows("ministral3", "\"rope_theta\":1e4,\"rope_parameters\":{\"rope_theta\":1e4}"))
        .containsExactly(0, 0, 0, 0);
    assertThat(windows("phi3", "\"sliding_window\":9")).containsExactly(9, 9, 9, 9);
    assertThat(windows("qwen2", "\"use_sliding_window\":true,\"max_window_layers\":3"))
        .containsExactly(0, 0, 0, 4096);
    assertThat(windows("gemma2", "\"sliding_window\":5")).containsExactly(5, 0, 5, 0);
    assertThat(windows("gemma3_text", "\"sliding_window_pattern\":3,\"sliding_window\":5"))
        .containsExactly(5, 5, 0, 5);
    assertThat(windows("gemma3_text", "\"_sliding_window_pattern\":3,\"sliding_window\":5"))
        .containsExactly(5, 5, 5, 5);
    assertThat(windows("olmo3", "\"sliding_window\":5")).containsExactly(5, 5, 5, 0);
    assertThat(windows("olmo3", "\"sliding_window\":8192")).containsExactly(0, 0, 0, 0);
    assertThat(
            windows(
                "smollm3",
                "\"use_sliding_window\":true,\"sliding_window\":7,\"no_rope_layer_interval\":2"))
        .containsExactly(0, 7, 0, 7);
  }

  private List<Integer> windows(String modelType, String fields) throws IOException {
    ModelConfig config =
        read("{\"model_type\":\"" + modelType + "\"," + fields + "," + SIZES + "}");
    return IntStream.range(0, 4).mapToObj(config::window).toList();
  }

  @Test
  void bothSpellingsOfLocalRotaryMeanTheSame() throws IOException {
    String before =
        "{\"model_type\":\"gemma3_text\",\"rope_theta\":5e5,\"rope_local_base_freq\":77,"
            + "\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":8},"
            + SIZES
            + "}";
    String since =
        "{\"model_type\":\"gemma3_text\",\"rope_parameters\":{\"full_attention\":{\"rope_type\":"
            + "\"linear\",\"factor\":8,\"rope_theta\":5e5},\"sliding_attention\":{\"rope_type\":"
            + "\"default\",\"rope_theta\":77}},"
            + SIZES
            + "}";
    ModelConfig config = read(since);
    assertThat(read(before)).isEqualTo(config);
    assertThat(config.rotary(0)).hasValue(new Design.Rotary(77, RopeScaling.NONE));
    ModelConfig byDefault = read("{\"model_type\":\"gemma3_text\"," + SIZES + "}");
    assertThat(byDefault.ropeTheta()).isEqualTo(1e6);
    assertThat(byDefault.rotary(0)).hasValue(new Design.Rotary(1e4, RopeScaling.NONE));
    assertThat(byDefault.tiedEmbeddings()).isTrue();
    assertThat(byDefault.headDim()).isEqualTo(256);
  }

  @Test
  void yarnInfersItsAttentionFactor() throws IOException {
    String yarn = "\"rope_type\":\"yarn\",\"factor\":16,\"original_max_position_embeddings\":512";
    assertThat(scaling(yarn))
        .isEqualTo(new RopeScaling.Yarn(16, 32, 1, 512, 0.1 * Math.log(16) + 1, true));
    assertThat(scaling(yarn + ",\"mscale\":1,\"mscale_all_dim\":1,\"truncate\":false"))
        .isEqualTo(new RopeScaling.Yarn(16, 32, 1, 512, 1, false));
    assertThat(scaling(yarn + ",\"attention_factor\":1.5,\"beta_fast\":8"))
        .isEqualTo(new RopeScaling.Yarn(16, 8, 1, 512, 1.5, true));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "rope_scaling":{"type":"yarn","factor":4},"original_max_position_embeddings":32 | 32
          "rope_parameters":{"rope_type":"yarn","factor":4},"original_max_position_embeddings":32 | 32
          "rope_scaling":{"type":"yarn","factor":4}                                       | 8192
          "rope_theta":1e4,"rope_parameters":{"rope_theta":1e4,"rope_type":"yarn","factor":4} | 8192
          """)
  void theLengthBeforeScalingMayStandBesideTheScaling(String fields, int original)
      throws IOException {
    for (String family : List.of("llama", "mistral", "granite")) {
      String json =
          "{\"model_type\":\"%s\",\"sliding_window\":null,%s,%s}".formatted(family, fields, SIZES);
      assertThat(read(json).ropeScaling())
          .as(family)
          .isEqualTo(new RopeScaling.Yarn(4, 32, 1, original, 0.1 * Math.log(4) + 1, true));
    }
  }

  private RopeScaling scaling(String fields) throws IOException {
    return read("{\"model_type\":\"qwen2\",\"rope_scaling\":{" + fields + "}," + SIZES + "}")
        .ropeScaling();
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
          gemma   | 'x':1                                               | model_type "gemma" is not supported, expected llama, mistral, qwen2, qwen3, gemma2, gemma3_text, phi3
          gemma3  | 'x':1                                               | model_type "gemma3" is not supported
          qwen3   | 'layer_types':['full_attention','sliding_attention'] | layer_types has 2 entries for 4 layers
          qwen3   | 'layer_types':['full_attention','full_attention','full_attention','sliding_attention'] | layer_types "sliding_attention" of layer 3 contradicts
          mistral | 'sliding_window':9,'layer_types':['full_attention','full_attention','full_attention','sliding_attention'] | layer_types "full_attention" of layer 0 contradicts
          gemma2  | 'layer_types':['linear_attention','full_attention','full_attention','full_attention'] | layer_types "linear_attention" is not supported
          gemma2  | 'sliding_window':null                               | sliding_window is null
          gemma2  | 'attn_logit_softcapping':-1                         | attn_logit_softcapping: expected a positive number
          gemma2  | 'hidden_activation':'gelu'                          | hidden_activation "gelu" is not supported, expected silu or gelu_pytorch_tanh
          gemma3_text | 'use_bidirectional_attention':true              | use_bidirectional_attention is not supported
          gemma3_text | 'rope_parameters':{'chunked_attention':{}}      | rope_parameters of "chunked_attention"
          phi3    | 'rope_scaling':{'type':'longrope','short_factor':[1],'long_factor':[1]} | rope_scaling.short_factor has 1 numbers for the 4 pairs
          phi3    | 'rope_scaling':{'type':'su'}                        | rope_scaling.short_factor is missing
          phi3    | 'rope_scaling':{'type':'yarn','factor':4}           | rope type "yarn" is not supported in phi3
          phi3    | 'partial_rotary_factor':0.2                         | rotates 1 of 8 elements
          smollm3 | 'no_rope_layers':[1,0]                              | no_rope_layers: expected a list of 4 numbers
          smollm3 | 'no_rope_layers':[1,0,2,1]                          | no_rope_layers: expected a list of 4 numbers
          granite | 'logits_scaling':0                                  | logits_scaling: expected a positive number
          ministral3 | 'x':1                                            | rope_parameters is missing
          llama   | 'rope_scaling':{'type':'dynamic','factor':4}        | rope type "dynamic" is not supported
          llama   | 'rope_parameters':{'rope_type':'longrope'}          | rope type "longrope" is not supported
          llama   | 'rope_parameters':{'full_attention':{'rope_type':'default'}} | per layer type
          llama   | 'rope_scaling':{'rope_type':'llama3','factor':8}    | rope_scaling.low_freq_factor is missing
          llama   | 'rope_scaling':{'rope_type':'linear','factor':0}    | rope factor must be at least 1
          llama   | 'rope_theta':1e4,'rope_parameters':{'rope_theta':5e5,'rope_type':'default'} | contradict
          llama   | 'original_max_position_embeddings':32,'rope_scaling':{'type':'yarn','factor':4,'original_max_position_embeddings':64} | rope_scaling.original_max_position_embeddings is 64, but original_max_position_embeddings 32
          gemma3_text | 'rope_parameters':{'rope_type':'linear','factor':8} | rope_parameters are expected per layer type in gemma3_text
          olmo3   | 'rope_scaling':{'rope_type':'yarn','factor':4,'truncate':false} | rope_scaling.truncate false is not supported in olmo3
          llama   | 'partial_rotary_factor':0.5                         | partial_rotary_factor
          llama   | 'hidden_act':'gelu'                                 | hidden_act "gelu" is not supported
          llama   | 'mlp_bias':true                                     | mlp_bias is not supported
          llama   | 'hidden_size':'64'                                  | hidden_size: expected a positive whole number, found "\\"64\\""
          llama   | 'hidden_size':-1                                    | hidden_size: expected a positive whole number
          llama   | 'hidden_size':null                                  | hidden_size is missing
          llama   | 'hidden_size':65                                    | hidden_size 65 is no multiple of num_attention_heads 8
          llama   | 'head_dim':7                                        | head_dim must be even, was 7
          llama   | 'num_key_value_heads':3                             | num_key_value_heads must divide num_attention_heads 8, was 3
          llama   | 'rms_norm_eps':-1                                   | rms_norm_eps must not be negative, was -1.0
          llama   | 'rope_theta':0                                      | rope_theta: expected a positive number, found "0"
          llama   | 'rope_parameters':{'rope_type':'default','rope_theta':-1} | rope_parameters.rope_theta: expected a positive number
          gemma3_text | 'rope_local_base_freq':0                        | rope_local_base_freq: expected a positive number
          llama   | 'rope_scaling':{'rope_type':'linear','factor':0.5}  | rope_scaling: rope factor must be at least 1, was 0.5
          qwen3_moe | 'num_experts':4,'num_experts_per_tok':5           | num_experts_per_tok must be at most num_experts 4, was 5
          qwen3_5_text | 'linear_value_head_dim':2000000000             | linear_value_head_dim
          llama   | 'eos_token_id':-1                                   | eos_token_id: expected token ids, found "-1"
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
          `{'a':1,'a':2}`   | field 'a' stands twice
          `{'a':1`          | is not valid JSON
          `{} {}`           | goes on after its closing }
          `{'a':nan}`       | is not valid JSON
          ``                | is empty
          """)
  void refusesWhatIsNoObject(String json, String problem) {
    assertThatThrownBy(() -> read(json.replace('\'', '"')))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(problem);
  }

  private ModelConfig read(String json) throws IOException {
    Files.writeString(folder.resolve("config.json"), json);
    return HfFolder.readConfig(folder);
  }
}
