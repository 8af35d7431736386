package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.testsupport.SharedData;

/** examples/gsm8k with the real tokenizer and the real tasks: everything but the weights. */
class Gsm8kExampleTest {
  /** The shape of Qwen2.5-0.5B-Instruct. */
  private static final String CONFIG =
      """
      {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 896,
       "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
       "intermediate_size": 4864, "vocab_size": 151936, "max_position_embeddings": 32768,
       "rope_theta": 1000000.0, "rms_norm_eps": 1e-06, "hidden_act": "silu",
       "tie_word_embeddings": true, "bos_token_id": 151643, "eos_token_id": 151645,
       "torch_dtype": "bfloat16"}
      """;

  @TempDir Path folder;

  @Test
  void everythingButTheWeightsIsInOrder() throws IOException {
    Path tokenizer = SharedData.require("qwen2-tokenizer");
    Path tasks = SharedData.require("math/gsm8k_train.jsonl");
    for (String file : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
      Files.copy(tokenizer.resolve(file), folder.resolve(file));
    }
    Files.writeString(folder.resolve("config.json"), CONFIG);
    TinyRuns.Result result =
        TinyRuns.cli(
            "train",
            Path.of(System.getProperty("treepo.root", ".."), "examples/gsm8k/train.yaml")
                .toString(),
            "--dry-run",
            "--set",
            "model=" + folder,
            "--set",
            "data.train=" + tasks,
            "--set",
            "data.test=" + tasks);
    JsonNode json = result.json(); // also where the tests' JVM is too small for such a model
    assertThat(json.at("/model/parameters").longValue()).isEqualTo(494_032_768);
    assertThat(json.at("/data/train/0/tasks").intValue()).isGreaterThan(7400);
    assertThat(json.at("/data/train/0/too_long").intValue()).isLessThan(20);
    assertThat(json.at("/data/prompt_tokens/max").intValue()).isLessThanOrEqualTo(256);
    assertThat(json.at("/data/first_prompt").textValue())
        .startsWith("<|im_start|>system\n")
        .contains("Natalia sold clips")
        .contains("within \\boxed{}.<|im_end|>\n")
        .endsWith("<|im_start|>assistant\n");
    assertThat(json.at("/memory_bytes/at_most").longValue())
        .as("fits a machine of 24 GB, of which the JVM gets 70 %")
        .isLessThan(16L << 30);
    assertThat(result.err()).contains("has no weights yet");
  }
}
