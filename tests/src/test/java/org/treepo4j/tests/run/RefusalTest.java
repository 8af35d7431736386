package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bad input is one line that names the culprit, and exit code 2, before anything is computed. */
class RefusalTest {
  @TempDir Path folder;
  private TinyRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    runs = new TinyRuns(folder);
  }

  @Test
  void settings() {
    refused("trainer.steps: expected a whole number, was \"many\"", "trainer.steps=many");
    refused("trainer.stepz: unknown setting; did you mean steps?", "trainer.stepz=3");
    refused("--set trainer.steps: expected key=value", "trainer.steps");
    refused("--set trainer.steps=[1: ", "trainer.steps=[1");
    refused("trainer.steps must be positive, was 0", "trainer.steps=0");
    refused("rollout.sampling.temperature must be positive", "rollout.sampling.temperature=0");
    refused("010 is an octal number in YAML", "trainer.steps=010");
    refused("the tokenizer has none of id 99999", "rollout.sampling.stopTokenIds=[2, 99999]");
    refused("rollout.maxWidth must be at least 2", "rollout.maxWidth=1");
    refused("reward.overlongBuffer must be at most", "reward.overlongBuffer=13");
    refused("weights must be f32 with the samediff engine", "engine=samediff", "weights=bf16");
    refused("threads must not be negative, was -1", "threads=-1");
    refused("advantage.estimator", "advantage.estimator=magic");
    refused("lora.targetModules must be among", "lora={rank: 2, targetModules: [x]}");
    refused("lora.targetModules must name projections", "lora={rank: 2, targetModules: [lm_head]}");
  }

  @Test
  void propertiesOfSparkWithoutACluster() {
    assertRefused(
        runs.run("train", "run", "--conf", "spark.executor.memory=2g"),
        "--conf sets properties of Spark, which needs --master URL");
  }

  @Test
  void sizesOfANewModel() {
    for (String setting : new String[] {"kvHeads=3", "heads=0", "hiddenSize=15", "ropeTheta=0"}) {
      assertRefused(
          runs.run("pretrain", "run", "--set", "architecture." + setting),
          "--set architecture." + setting.substring(0, setting.indexOf('=')) + " must ");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rollout.maxWidth=2147483647",
        "rollout.minWidth=7",
        "rollout.branching=2147483647",
        "rollout.maxResponseTokens=2147483647",
        "rollout.maxBatchPaths=1000000",
        "rollout.sampling.stopTokenIds=[-1]",
        "rollout.sampling.stopStrings=true",
        "rollout.sampling.temperature=.nan",
        "trainer.promptsPerStep=100000",
        "trainer.epochsPerBatch=2147483647",
        "trainer.steps=2147483647",
        "trainer.microBatchTokens=2147483647",
        "trainer.maxGenerationBatches=2147483647",
        "threads=100000",
        "reward.threads=100000",
        "reward.timeLimitSeconds=.inf",
        "reward.correct=.nan",
        "reward.wrong=-1e30",
        "lora.rank=100000",
        "lora.alpha=.inf",
        "optimizer.learningRate.peak=1e30",
        "optimizer.learningRate.peak=.nan",
        "optimizer.weightDecay=.inf",
        "optimizer.gradientClip=.inf",
        "optimizer.epsilon=1e30",
        "loss.klCoefficient=1e30",
        "loss.clipHigh=1e30",
        "loss.entropyCoefficient=-1e30",
        "advantage.eta=1e30",
        "evaluation.samples=2147483647",
        "evaluation.temperature=.inf",
        "data.weights=[.nan]",
        "data.weights=[1e300]",
        "checkpoint.keepLast=2147483647",
        "output=",
        "output=''"
      })
  void settingsThatMakeNoSenseAreNamed(String setting) {
    String name = setting.substring(0, setting.indexOf('='));
    refused(name, setting);
  }

  @Test
  void settingsFiles() throws IOException {
    assertRefused(TinyRuns.cli("train", path("none.yaml")), "none.yaml: no such file");
    assertRefused(TinyRuns.cli("sft", path("none.yaml")), "none.yaml: no such file");
    Files.writeString(folder.resolve("broken.yaml"), "seed: 1\nmodel: [\n");
    assertRefused(TinyRuns.cli("train", path("broken.yaml")), "broken.yaml: line");
    Files.writeString(folder.resolve("short.yaml"), "output: x\n");
    assertRefused(TinyRuns.cli("train", path("short.yaml")), "model: missing, expected a path");
    TinyRuns.Result none = TinyRuns.cli("train");
    assertThat(none.exitCode()).isEqualTo(2);
    assertThat(none.err()).startsWith("treepo: ").contains("CONFIG.yaml");
  }

  @Test
  void settingsAreReadBeforeAnyModel() {
    TinyRuns.Result result =
        runs.run("train", "run", "--set", "model=nowhere", "--set", "trainer.stepz=3");
    assertRefused(result, "trainer.stepz");
  }

  @Test
  void dataFiles() throws IOException {
    refused("none.jsonl: no such file", "data.train=[none.jsonl]");
    refused("data.train: expected at least one file of tasks", "data.train=[]");
    Files.writeString(folder.resolve("empty.jsonl"), "\n\n");
    refused("empty.jsonl: expected at least one row", "data.train=" + path("empty.jsonl"));
    Files.writeString(
        folder.resolve("bad.jsonl"), "{\"prompt\":\"1+1=\",\"answer\":\"2\"}\n{\"prompt\":3\n");
    refused("bad.jsonl:2: ", "data.train=" + path("bad.jsonl"));
    Files.writeString(
        folder.resolve("long.jsonl"),
        "{\"prompt\":\"%s\",\"answer\":\"2\"}".formatted("1+".repeat(16)));
    refused(
        "task long.jsonl:1: the prompt has 32 tokens, the model holds 32",
        "data.test=" + path("long.jsonl"));
    Files.writeString(folder.resolve("letters.jsonl"), "{\"prompt\":\"\",\"answer\":\"2\"}");
    refused(
        "task letters.jsonl:1: the prompt has no tokens", "data.train=" + path("letters.jsonl"));
  }

  @Test
  void corpora() throws IOException {
    assertRefused(
        runs.run("sft", "run", "--set", "corpus={train: [none.jsonl]}"),
        "none.jsonl: no such file");
    assertRefused(runs.run("sft", "run", "--set", "corpus={}"), "corpus.train must name files");
    assertRefused(
        runs.run("sft", "run", "--set", "corpus={task: magic}"), "corpus.task must be one of");
    assertRefused(
        runs.run("sft", "run", "--set", "trainer.maxTokens=4"),
        "corpus.train has no example with a completion within the first 4 tokens");
  }

  @Test
  void models() throws IOException {
    refused("nowhere", "model=nowhere");
    Path bare = runs.model("bare", 16, 1);
    Files.delete(bare.resolve("tokenizer.json"));
    refused("bare", "model=" + bare);
    refused("the tokenizer gives token 1", "model=" + runs.model("small", 16, 12, 1));
    Path wrong = runs.model("wrong", 16, 1);
    Files.writeString(
        wrong.resolve("config.json"),
        Files.readString(wrong.resolve("config.json"))
            .replaceAll("\"vocab_size\" *: *\\d+", "\"vocab_size\": 12"));
    refused("config.json asks for [12, 16]", "model=" + wrong);
  }

  @Test
  void settingsThatChangeTheRunItGoesOnWith() throws IOException {
    runs.run("train", "run", "--set", "trainer.steps=2").ok();
    resumeRefused(
        "run/settings.yaml: the run began with other settings: optimizer.weightDecay was 0.1, is"
            + " 0.2; give the old ones, or another output folder",
        "optimizer.weightDecay=0.2");
    resumeRefused("rollout.maxWidth was 6, is 7", "rollout.maxWidth=7");
    resumeRefused("advantage.estimator was treepo, is grpo", "advantage.estimator=grpo");
    resumeRefused("lora.rank was 0, is 2", "lora.rank=2");
    resumeRefused("model was " + path("model"), "model=" + runs.model("other", 16, 4));
    Files.copy(folder.resolve("tasks.jsonl"), folder.resolve("others.jsonl"));
    resumeRefused("data.train was [" + path("tasks.jsonl"), "data.train=" + path("others.jsonl"));
    TinyRuns.Result goingOn =
        runs.run(
                "train",
                "run",
                "--resume",
                "--set",
                "trainer.steps=3",
                "--set",
                "trainer.microBatchTokens=200",
                "--set",
                "evaluation.everySteps=3",
                "--set",
                "checkpoint={everySteps: 0, keepLast: 1}",
                "--set",
                "threads=1")
            .ok();
    assertThat(goingOn.json().get("steps").asInt()).isEqualTo(3);
    runs.run("sft", "sft").ok();
    assertRefused(
        runs.run("sft", "sft", "--resume", "--set", "trainer.batchTokens=60"),
        "trainer.batchTokens was 40, is 60");
  }

  private void resumeRefused(String message, String... settings) {
    String[] more = Arrays.copyOf(settings(settings), 2 * settings.length + 1);
    more[2 * settings.length] = "--resume";
    assertRefused(runs.run("train", "run", more), message);
  }

  @Test
  void checkpointsOfAnotherModel() throws IOException {
    runs.run("train", "run", "--set", "trainer.steps=2").ok();
    Files.delete(folder.resolve("run/settings.yaml"));
    Files.delete(folder.resolve("run/inputs.json"));
    resumeRefused("is of another model", "model=" + runs.model("wide", 32, 1));
    resumeRefused("is of a run without adapters", "lora.rank=2");
    runs.run("train", "lora", "--set", "trainer.steps=2", "--set", "lora.rank=2").ok();
    Files.delete(folder.resolve("lora/settings.yaml"));
    assertRefused(runs.run("train", "lora", "--resume"), "is of a run with adapters");
    assertRefused(
        runs.run("train", "lora", "--resume", "--set", "lora.rank=3"),
        "adapter must have rank 3 and alpha 16.0, had 2 and 16.0");
  }

  @Test
  void aRunInThePlaceOfItsModel() throws IOException {
    runs.run("train", "run", "--set", "trainer.steps=4").ok();
    String hint = " is a folder of a run: give one of its checkpoints, such as ";
    String newest = path("run") + "/checkpoints/step-000004";
    String[][] commands = {
      {"score", "--model"},
      {"info", "--model"},
      {"generate", "--prompt", "1+1=", "--model"},
      {"tokenize", "--tokenizer"},
      {"chat", "--tokenizer"},
      {"score", "--model", path("model"), "--adapter"}
    };
    for (String[] command : commands) {
      for (String given : new String[] {path("run"), path("run") + "/checkpoints"}) {
        String[] whole = Arrays.copyOf(command, command.length + 1);
        whole[command.length] = given;
        assertRefused(TinyRuns.cli(whole), given + ":" + hint + newest);
      }
    }
    refused(hint + newest, "model=" + path("run"));
  }

  @Test
  void aRunHasAFolderOfItsOwn() throws IOException {
    Files.writeString(folder.resolve("notes.txt"), "mine");
    String model = "output: " + path("model") + " holds a model, expected a folder";
    String file = "output: " + path("notes.txt") + " is a file, expected a folder";
    assertRefused(runs.run("train", "model"), model);
    assertRefused(runs.run("train", "model", "--resume"), model);
    assertRefused(runs.run("train", "model", "--dry-run"), model);
    assertRefused(runs.run("train", "notes.txt"), file);
    assertRefused(runs.run("train", "notes.txt", "--dry-run"), file);
    assertThat(folder.resolve("model/.lock")).doesNotExist();
    assertThat(folder.resolve("notes.txt")).hasContent("mine");
  }

  private void refused(String message, String... settings) {
    assertRefused(runs.run("train", "refused", settings(settings)), message);
    assertThat(folder.resolve("refused/metrics.jsonl")).doesNotExist();
  }

  private static String[] settings(String... settings) {
    String[] more = new String[2 * settings.length];
    for (int i = 0; i < settings.length; i++) {
      more[2 * i] = "--set";
      more[2 * i + 1] = settings[i];
    }
    return more;
  }

  private static void assertRefused(TinyRuns.Result result, String message) {
    String error = result.err().lines().reduce((first, second) -> second).orElse("");
    assertThat(error).startsWith("treepo: ").contains(message);
    assertThat(result.err()).doesNotContain("Exception").doesNotContain("\tat ");
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }
}
