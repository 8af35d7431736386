package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A resumed run is the uninterrupted run, bit for bit. */
class ResumeTest {
  @TempDir Path folder;
  private TinyRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    runs = new TinyRuns(folder);
  }

  @Test
  void aResumedTrainingRunIsTheUninterruptedRun() throws IOException {
    runs.run("train", "whole").ok();
    runs.run("train", "resumed").ok();
    runs.killAfter("resumed", 2);
    Files.writeString(
        folder.resolve("resumed/metrics.jsonl"), "{\"step\":7,\"rew", StandardOpenOption.APPEND);
    Files.writeString(folder.resolve("resumed/trees/step-000007.jsonl"), "{}\n");

    TinyRuns.Result resumed = runs.run("train", "resumed", "--resume").ok();

    assertThat(resumed.err()).contains("going on from").contains("step-000002");
    runs.assertSameRuns("whole", "resumed", 6);
    assertThat(folder.resolve("resumed/trees/step-000007.jsonl")).doesNotExist();
    assertThat(resumed.json().get("steps").asInt()).isEqualTo(6);
  }

  @Test
  void aResumedRunWithAdaptersIsTheUninterruptedRun() throws IOException {
    String[] lora = {
      "--set", "lora.rank=2", "--set", "trainer.steps=4", "--set", "lora.bf16Base=true"
    };
    resumesAsUninterrupted("train", lora);
  }

  /** What was sampled in bfloat16 is trained with the same experts, also after a kill. */
  @Test
  void aResumedRunOfAMixtureIsTheUninterruptedRun() throws IOException {
    Path mixture = runs.mixture("mixture", 3);
    resumesAsUninterrupted(
        "train",
        "--set",
        "model=" + mixture,
        "--set",
        "weights=bf16",
        "--set",
        "trainer.routing=replay",
        "--set",
        "trainer.steps=4");
  }

  /** A random model fails every task, so each is passed over at most of its places once seen. */
  @Test
  void aResumedRunWithPoolsIsTheUninterruptedRun() throws IOException {
    resumesAsUninterrupted(
        "train",
        "--set",
        "trainer.steps=5",
        "--set",
        "data.pools.enabled=true",
        "--set",
        "data.pools.hardShare=0.2");
    JsonNode last =
        TinyRuns.JSON.readTree(Files.readAllLines(folder.resolve("resumed/metrics.jsonl")).get(4));
    assertThat(last.get("tasks_passed_over").asInt()).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"sft", "pretrain"})
  void aResumedSupervisedRunIsTheUninterruptedRun(String command) throws IOException {
    resumesAsUninterrupted(command);
  }

  @Test
  void aResumedSupervisedRunWithAdaptersIsTheUninterruptedRun() throws IOException {
    resumesAsUninterrupted("sft", "--set", "lora.rank=2");
  }

  private void resumesAsUninterrupted(String command, String... settings) throws IOException {
    int steps = runs.run(command, "whole", settings).ok().json().get("steps").asInt();
    assertThat(steps).isGreaterThan(3);
    runs.run(command, "resumed", settings).ok();
    runs.killAfter("resumed", 2);
    String[] resume = Arrays.copyOf(settings, settings.length + 1);
    resume[settings.length] = "--resume";

    runs.run(command, "resumed", resume).ok();

    runs.assertSameRuns("whole", "resumed", steps);
  }

  @Test
  void resumingAFinishedRunChangesNothingAndTellsTheSame() throws IOException {
    TinyRuns.Result whole = runs.run("train", "whole").ok();
    TinyRuns.Result again = runs.run("train", "whole", "--resume").ok();
    for (String name : new String[] {"accuracy_before", "accuracy_after", "steps", "checkpoint"}) {
      assertThat(again.json().get(name)).as(name).isEqualTo(whole.json().get(name));
    }
    TinyRuns.Result sft = runs.run("sft", "sft").ok();
    assertThat(runs.run("sft", "sft", "--resume").ok().json().get("validation_loss"))
        .isEqualTo(sft.json().get("validation_loss"));
  }

  @Test
  void aRunKilledBeforeItsFirstCheckpointBeginsAgainInItsPlace() throws IOException {
    runs.run("train", "whole", "--set", "trainer.steps=2").ok();
    Files.createDirectories(folder.resolve("killed"));
    Files.writeString(folder.resolve("killed/settings.yaml"), "");
    TinyRuns.Result begun =
        runs.run("train", "killed", "--resume", "--set", "trainer.steps=2").ok();
    assertThat(begun.err()).contains("no complete checkpoint");
    runs.assertSameRuns("whole", "killed", 2);
  }
}
