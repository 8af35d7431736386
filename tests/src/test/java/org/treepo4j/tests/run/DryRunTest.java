package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train --dry-run}: what a run would refuse, and what it would need. */
class DryRunTest {
  @TempDir Path folder;

  @BeforeEach
  void prepare() throws IOException {
    new TinyRuns(folder);
  }

  @Test
  void tellsWhatWasCheckedAndWritesNothing() throws IOException {
    TinyRuns.Result result = dryRun().ok();
    JsonNode json = result.json();
    assertThat(json.path("ok").booleanValue()).isTrue();
    assertThat(json.at("/model/weights_present").booleanValue()).isTrue();
    assertThat(json.at("/data/train/0/tasks").intValue()).isEqualTo(12);
    assertThat(json.at("/data/prompt_tokens/min").intValue()).isEqualTo(4);
    assertThat(json.at("/data/prompt_tokens/max").intValue()).isEqualTo(6);
    assertThat(json.at("/data/first_prompt").textValue()).isEqualTo("0+1=");
    assertThat(json.at("/warnings")).isEmpty();
    assertThat(result.err()).contains("tasks.jsonl, 12 tasks").contains("the JVM may use");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void memoryIsThatOfTheSettings() throws IOException {
    JsonNode all = dryRun().ok().json();
    long parameters = all.at("/model/parameters").longValue();
    assertThat(all.at("/memory_bytes/weights").longValue()).isEqualTo(4 * parameters);
    assertThat(all.at("/memory_bytes/reference").longValue()).isEqualTo(4 * parameters);
    assertThat(all.at("/memory_bytes/gradients").longValue()).isEqualTo(4 * parameters);
    assertThat(all.at("/memory_bytes/optimizer").longValue()).isEqualTo(8 * parameters);

    JsonNode adapters = dryRun("lora.rank=2", "loss.kl=none", "weights=bf16").ok().json();
    long trained = adapters.at("/model/trained").longValue();
    assertThat(trained).isPositive().isLessThan(parameters);
    assertThat(adapters.at("/memory_bytes/reference").longValue()).isZero();
    assertThat(adapters.at("/memory_bytes/optimizer").longValue()).isEqualTo(8 * trained);
    assertThat(adapters.at("/memory_bytes/frozen_base").longValue()).isPositive();
    assertThat(2 * adapters.at("/memory_bytes/decoder_weights").longValue())
        .isEqualTo(all.at("/memory_bytes/decoder_weights").longValue());
  }

  @Test
  void aFolderWithoutWeightsIsEnough() throws IOException {
    Files.delete(folder.resolve("model/model.safetensors"));
    TinyRuns.Result result = dryRun().ok();
    assertThat(result.err()).contains("has no weights yet; all else was checked");
    assertThat(result.json().at("/model/weights_present").booleanValue()).isFalse();
  }

  @Test
  void warnsOfResponsesThatHaveNoRoom() throws IOException {
    JsonNode warnings =
        dryRun("rollout.maxDepth=20", "rollout.maxResponseTokens=60").ok().json().path("warnings");
    assertThat(warnings).hasSize(1);
    assertThat(warnings.get(0).textValue())
        .isEqualTo(
            "the longest prompts leave room for 26 response tokens only, fewer than the settings'"
                + " 60");
  }

  @Test
  void warnsOfEndTokensThatTheModelDoesNotHave() throws IOException {
    Path config = folder.resolve("model/config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replaceAll("\"eos_token_id\" ?: ?\\d+", "\"eos_token_id\": [1, 151645]"));
    TinyRuns.Result result = dryRun().ok();
    assertThat(result.json().at("/model/end_token_ids")).isNotEmpty();
    assertThat(result.json().at("/model/end_token_ids").toString()).doesNotContain("151645");
    assertThat(result.json().at("/warnings")).hasSize(1);
    assertThat(result.json().at("/warnings/0").textValue())
        .startsWith(config + ": eos_token_id 151645 is beyond the model's vocabulary of ");
  }

  @Test
  void refusesWhatARunWouldRefuse() throws IOException {
    refused("trainer.steps must be positive", "trainer.steps=0");
    refused("none.jsonl: no such file", "data.train=[none.jsonl]");
    refused(
        "reward.program: no program \"no-such-program\"",
        "reward.outcome=program",
        "reward.program=[no-such-program, score.js]");
    refused(
        "tasks.jsonl:1: sh: ended without an answer, exit code ",
        "reward.outcome=program",
        "reward.program=[sh, /no/such/score.sh]");
    refused("no prompt has at most 2 tokens", "data.maxPromptTokens=2");
    refused("the model has no chat template", "data.template.chat=true");
    refused(
        "the model has no chat template", "data.template.chat=true", "data.maxPromptTokens=100");
    refused("lora.targetModules must name projections", "lora={rank: 2, targetModules: [lm_head]}");
    Path bad = folder.resolve("bad.jsonl");
    Files.writeString(bad, "{\"prompt\":\"1+1=\",\"answer\":\"2\"}\n{\"prompt\":\"1+1=\"}\n");
    refused("bad.jsonl:2: ", "data.test=" + bad);
    Files.writeString(folder.resolve("model/config.json"), "{}");
    refused("config.json");
  }

  @Test
  void refusesWhatDoesNotFitAndStillTellsTheRest() throws IOException {
    Path config = folder.resolve("model/config.json");
    Files.delete(folder.resolve("model/model.safetensors"));
    Files.writeString(
        config,
        Files.readString(config)
            .replaceAll("\"intermediate_size\" ?: ?\\d+", "\"intermediate_size\": 20000000"));
    TinyRuns.Result result = dryRun();
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("treepo: memory: training needs about ");
    assertThat(result.json().path("ok").booleanValue()).isFalse();
  }

  private void refused(String message, String... settings) {
    TinyRuns.Result result = dryRun(settings);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).startsWith("treepo: ").contains(message);
    assertThat(result.out()).isEmpty();
  }

  private TinyRuns.Result dryRun(String... settings) {
    List<String> arguments =
        new ArrayList<>(List.of("train", folder.resolve("train.yaml").toString(), "--dry-run"));
    Stream.of(settings).forEach(setting -> arguments.addAll(List.of("--set", setting)));
    return TinyRuns.cli(arguments.toArray(String[]::new));
  }
}
