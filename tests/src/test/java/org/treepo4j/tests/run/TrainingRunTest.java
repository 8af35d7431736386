package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.PeftAdapter;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;

/** What whole training runs must come to. */
class TrainingRunTest {
  /** AdamW close to plain gradient descent: rounding of a tiny gradient must not flip a step. */
  private static final String[] SMOOTH = {
    "--set", "optimizer.epsilon=1", "--set", "optimizer.learningRate={peak: 0.5, warmupUpdates: 0}",
    "--set", "trainer.steps=1", "--set", "data.test=[]"
  };

  @TempDir Path folder;
  private TinyRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    runs = new TinyRuns(folder);
  }

  @Test
  void updatesDoNotDependOnTheSplitIntoMicroBatches() throws IOException {
    train("whole", "trainer.microBatchTokens=100000");
    train("split", "trainer.microBatchTokens=1");
    assertSameWeights("whole", "split");
  }

  @Test
  void flattenedTrainingGivesTheWeightsOfTreeTraining() throws IOException {
    train("trees", "trainer.treeTraining=true");
    train("flattened", "trainer.treeTraining=false");
    assertSameWeights("trees", "flattened");
    ObjectNode trees = runs.metrics("trees").get(0);
    ObjectNode flattened = runs.metrics("flattened").get(0);
    long unique = trees.get("unique_training_tokens").asLong();
    long all = trees.get("flattened_training_tokens").asLong();
    assertThat(unique).isPositive().isLessThan(all);
    assertThat(trees.get("computed_training_tokens").asLong()).isEqualTo(2 * unique);
    assertThat(flattened.get("computed_training_tokens").asLong()).isEqualTo(2 * all);
    assertThat(flattened.get("ratio_mean").asDouble())
        .isCloseTo(trees.get("ratio_mean").asDouble(), Offset.offset(1e-5));
  }

  private void train(String output, String setting) throws IOException {
    String[] more = Arrays.copyOf(SMOOTH, SMOOTH.length + 2);
    more[SMOOTH.length] = "--set";
    more[SMOOTH.length + 1] = setting;
    runs.run("train", output, more).ok();
  }

  private void assertSameWeights(String one, String other) throws IOException {
    Map<String, float[]> expected = weights(one);
    Map<String, float[]> found = weights(other);
    Map<String, float[]> before = TinyRuns.tensors(folder.resolve("model/model.safetensors"));
    assertThat(found).containsOnlyKeys(expected.keySet());
    expected.forEach(
        (name, values) -> {
          assertThat(found.get(name)).as(name).containsExactly(values, Offset.offset(2e-6f));
          assertThat(values).as(name + " was trained").isNotEqualTo(before.get(name));
        });
  }

  private Map<String, float[]> weights(String run) throws IOException {
    return TinyRuns.tensors(runs.checkpoint(run, 1).resolve("model.safetensors"));
  }

  @Test
  void oneEngineSamplesWhatAnotherTrains() throws IOException {
    String[] settings = {
      "--set", "trainer.steps=3", "--set", "data.test=[]", "--set", "trainer.treesKept=2"
    };
    runs.run("train", "vector", settings).ok();
    String[] apart = Arrays.copyOf(settings, settings.length + 4);
    System.arraycopy(
        new String[] {"--set", "engine=samediff", "--set", "samplingEngine=vector"},
        0,
        apart,
        settings.length,
        4);
    runs.run("train", "apart", apart).ok();
    assertThat(runs.metrics("apart"))
        .hasSize(3)
        .allSatisfy(
            step ->
                assertThat(step.get("logprob_mismatch").asDouble()).isPositive().isLessThan(1e-5));
    // The sampler has the trained weights: the trees of the third step are those of one engine.
    assertThat(sampledTokens("apart", 3)).isEqualTo(sampledTokens("vector", 3));
  }

  private List<String> sampledTokens(String run, int step) throws IOException {
    return Files.readAllLines(folder.resolve("%s/trees/step-%06d.jsonl".formatted(run, step)))
        .stream()
        .map(
            line ->
                line.replaceAll(
                    "(?s)\"(?:logprobs|entropies|advantages|modelLogprobs)\":\\[[^\\]]*\\]", ""))
        .map(line -> line.replaceAll("[0-9]+\\.[0-9Ee-]+", ""))
        .toList();
  }

  @Test
  void anExportedAdapterScoresAsTheTrainedPolicy() throws IOException {
    runs.run("train", "lora", "--set", "lora.rank=2", "--set", "trainer.steps=2").ok();
    assertExportScoresAs(runs.checkpoint("lora", 2));
  }

  @ParameterizedTest
  @ValueSource(strings = {"vector", "samediff"})
  void supervisedAdaptersLearnAndAreExported(String engine) throws IOException {
    TinyRuns.Result result =
        runs.run(
                "sft",
                "sft",
                "--set",
                "engine=" + engine,
                "--set",
                "lora={rank: 4, targetModules: [q_proj, v_proj, up_proj, down_proj]}",
                "--set",
                "trainer={epochs: 30, batchTokens: 200, microBatchTokens: 200}",
                "--set",
                "optimizer={learningRate: {peak: 0.05, warmupUpdates: 3}, weightDecay: 0}")
            .ok();
    List<ObjectNode> metrics = runs.metrics("sft");
    assertThat(result.json().get("validation_loss").asDouble())
        .isLessThan(metrics.get(0).get("loss").asDouble() - 0.2);
    Path checkpoint = Path.of(result.json().get("checkpoint").asText());
    assertThat(checkpoint.resolve("adapter_config.json")).exists();
    assertThat(checkpoint.resolve("adapter_model.safetensors")).exists();
    assertThat(checkpoint.resolve("model.safetensors")).doesNotExist();
    assertExportScoresAs(checkpoint);
  }

  private void assertExportScoresAs(Path checkpoint) throws IOException {
    TinyRuns.cli(
            "export",
            "--model=" + folder.resolve("model"),
            "--adapter=" + checkpoint,
            "--dtype=f32",
            "--out=" + folder.resolve("merged"))
        .ok();
    LoraAdapters adapters;
    PeftAdapter stored = PeftAdapter.read(checkpoint);
    try (HfFolder base = HfFolder.open(folder.resolve("model"))) {
      adapters =
          LoraAdapters.attach(WeightsLoader.load(base), LoraSettings.of(stored.config()), 99);
    }
    adapters.load(stored);
    EngineOptions vector = EngineOptions.defaults();
    try (CausalLm policy = Engines.open(adapters.modelWeights(), vector);
        CausalLm merged = Engines.open(folder.resolve("merged"), vector);
        CausalLm base = Engines.open(folder.resolve("model"), vector)) {
      // The policy computes base and adapters apart.
      assertThat(score(merged)).containsExactly(score(policy), within(1e-5f));
      assertThat(score(merged)).isNotEqualTo(score(base));
    }
  }

  private static float[] score(CausalLm model) {
    TokenTree tokens = TokenTree.chain(new int[] {3, 12, 4, 14, 5, 1});
    try (ForwardPass pass = model.forward(List.of(tokens), ForwardOptions.SCORE)) {
      return pass.logprobs(0);
    }
  }

  @Test
  void supervisedFineTuningLearnsAHandfulOfRowsByHeart() throws IOException {
    TinyRuns.Result result =
        runs.run(
                "sft",
                "sft",
                "--set",
                "trainer={epochs: 120, batchTokens: 200, microBatchTokens: 200, validateEverySteps:"
                    + " 0}",
                "--set",
                "optimizer={learningRate: {peak: 0.03, warmupUpdates: 5}, weightDecay: 0}")
            .ok();
    assertThat(result.json().get("validation_loss").asDouble()).isLessThan(0.1);
    List<ObjectNode> metrics = runs.metrics("sft");
    assertThat(metrics.get(0).get("loss").asDouble()).isGreaterThan(2.5);
    assertThat(metrics.get(metrics.size() - 1).get("loss").asDouble()).isLessThan(0.1);
    String checkpoint = result.json().get("checkpoint").asText();
    assertThat(
            TinyRuns.cli(
                    "generate", "--model", checkpoint, "--prompt", "3+4=", "--temperature", "0")
                .ok()
                .out())
        .startsWith("7");
  }

  @Test
  void aBudgetOfSampledTokensEndsTheRunWithItsStep() throws IOException {
    TinyRuns.Result result = runs.run("train", "run", "--set", "trainer.maxSampledTokens=300").ok();
    List<ObjectNode> metrics = runs.metrics("run");
    long sampled = metrics.stream().mapToLong(line -> line.get("sampled_tokens").asLong()).sum();
    long last = metrics.get(metrics.size() - 1).get("sampled_tokens").asLong();
    assertThat(sampled)
        .isGreaterThanOrEqualTo(300)
        .isEqualTo(result.json().get("sampled_tokens").asLong());
    assertThat(sampled - last).isLessThan(300);
    assertThat(metrics.size()).isLessThan(6);
    assertThat(metrics.get(metrics.size() - 1).has("eval_accuracy")).isTrue();
    assertThat(result.json().get("checkpoint").asText())
        .endsWith("step-%06d".formatted(metrics.size()));
  }

  @Test
  void aRunWithoutContrastEndsInOneLineUnlessStepsMayBeShort() throws IOException {
    TinyRuns.Result result =
        runs.run(
            "train",
            "run",
            "--set",
            "reward.overlongBuffer=0",
            "--set",
            "trainer.maxGenerationBatches=2");
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("trainOnShortBatch").doesNotContain("Exception");
    TinyRuns.Result goingOn =
        runs.run(
                "train",
                "run",
                "--set",
                "reward.overlongBuffer=0",
                "--set",
                "trainer={steps: 2, promptsPerStep: 2, maxGenerationBatches: 2, trainOnShortBatch:"
                    + " true}")
            .ok();
    assertThat(goingOn.json().get("steps").asInt()).isEqualTo(2);
  }
}
