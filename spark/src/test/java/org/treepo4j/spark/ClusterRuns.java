package org.treepo4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.checkpoints.SafetensorsFile;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.WeightStorage;
import org.treepo4j.rl.TrainingRun;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.run.TrainingListener;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * A folder with a small random model, tasks and settings. The loss has a KL term, several
 * mini-batches and epochs, so that scoring, the reference policy and several versions of the
 * weights in a step are all there.
 */
final class ClusterRuns {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path TOKENIZER =
      Path.of(System.getProperty("treepo.root", ".."), "examples/chain-sums/tokenizer");

  private final Path folder;
  private final List<String> notes = new ArrayList<>();

  ClusterRuns(Path folder) throws IOException {
    this.folder = folder;
    StringBuilder tasks = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      tasks.append("{\"prompt\":\"%d+%d=\",\"answer\":\"%d\"}\n".formatted(i, i + 1, 2 * i + 1));
    }
    Files.writeString(folder.resolve("tasks.jsonl"), tasks);
    model();
    Files.writeString(
        folder.resolve("train.yaml"),
        """
        model: model
        output: run
        engine: vector
        threads: 1
        seed: 5
        data: {train: [tasks.jsonl], test: [tasks.jsonl]}
        rollout: {maxWidth: 6, segmentLength: 3, maxDepth: 4, maxResponseTokens: 12}
        reward: {overlongBuffer: 12}
        loss: {kl: loss, klCoefficient: 0.1, entropyCoefficient: 0.01}
        optimizer:
          learningRate: {peak: 0.02, warmupUpdates: 3, shape: cosine, minimumRatio: 0.1}
        trainer:
          steps: 4
          promptsPerStep: 6
          miniBatchPrompts: 3
          epochsPerBatch: 2
          microBatchTokens: 90
          shards: 3
          trainOnShortBatch: true
        evaluation: {everySteps: 2, maxTasks: 6}
        checkpoint: {everySteps: 2, keepLast: 100}
        """);
  }

  private void model() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(TOKENIZER);
    ModelConfig config =
        new ModelConfig(
            Architecture.LLAMA,
            tokenizer.vocabSize(),
            32,
            2,
            2,
            1,
            16,
            48,
            64,
            1e-6,
            10_000,
            RopeScaling.NONE,
            false,
            false,
            false,
            true,
            -1,
            List.of(tokenizer.id("<eos>").orElse(1)));
    Weights weights = RandomWeights.create(config, 3);
    HfExport.write(
        folder.resolve("model"),
        config,
        weights.shapes(),
        name -> weights.parameter(name).values(),
        ExportOptions.of(DType.F32, Optional.of(TOKENIZER)));
  }

  /** A run into a folder of that name; overrides as {@code a.b=c}. */
  TrainingRun run(String name, String... overrides) {
    List<String> all = new ArrayList<>(List.of("output=" + folder.resolve(name)));
    all.addAll(Arrays.asList(overrides));
    return TrainingRun.of(folder.resolve("train.yaml"), all.toArray(String[]::new))
        .listener(
            new TrainingListener() {
              @Override
              public void stepped(long step, long steps, Map<String, Number> metrics) {
                // Metrics are read from their file.
              }

              @Override
              public void note(String line) {
                notes.add(line);
              }
            });
  }

  /** The model as a run begins with it. */
  Policy policy() throws IOException {
    return Policy.open(
        folder.resolve("model"),
        LoraSettings.defaults(),
        new EngineOptions("vector", WeightStorage.F32, 1),
        1,
        Optional.empty());
  }

  Path path(String name) {
    return folder.resolve(name);
  }

  List<String> notes() {
    return notes;
  }

  /** Lines of a run's metrics. */
  List<JsonNode> metrics(String name) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(path(name).resolve("metrics.jsonl"))) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  /** Weights and optimiser state of a checkpoint by tensor name. */
  Map<String, float[]> tensors(String name, int step) throws IOException {
    Path checkpoint = path(name).resolve("checkpoints/step-%06d".formatted(step));
    Map<String, float[]> tensors = new TreeMap<>();
    try (var files = Files.list(checkpoint)) {
      for (Path file :
          files.filter(path -> path.toString().endsWith(".safetensors")).sorted().toList()) {
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
          for (String tensor : opened.tensors().keySet()) {
            tensors.put(file.getFileName() + "/" + tensor, opened.readFloats(tensor));
          }
        }
      }
    }
    return tensors;
  }

  /** Leaves a run as a kill does that comes after this step's checkpoint and before the next. */
  void killAfter(String name, int step) throws IOException {
    try (Stream<Path> checkpoints = Files.list(path(name).resolve("checkpoints"))) {
      for (Path checkpoint : checkpoints.toList()) {
        if (Integer.parseInt(checkpoint.getFileName().toString().substring(5)) > step) {
          try (Stream<Path> files = Files.walk(checkpoint)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
              Files.delete(file);
            }
          }
        }
      }
    }
    Files.deleteIfExists(path(name).resolve("summary.json"));
  }

  /** Weights, optimiser, and what the step saw, bit for bit. */
  void assertSame(String expected, String actual, int step) throws IOException {
    Map<String, float[]> first = tensors(expected, step);
    Map<String, float[]> second = tensors(actual, step);
    assertThat(second.keySet()).isEqualTo(first.keySet()).isNotEmpty();
    first.forEach((name, values) -> assertThat(second.get(name)).as(name).isEqualTo(values));
    List<JsonNode> before = metrics(expected);
    List<JsonNode> after = metrics(actual);
    assertThat(after).hasSameSizeAs(before);
    for (int i = 0; i < before.size(); i++) {
      for (String metric :
          List.of(
              "loss",
              "kl",
              "gradient_norm",
              "reward_mean",
              "accuracy",
              "logprob_mismatch",
              "sampled_tokens",
              "trajectory_tokens",
              "prompts",
              "updates",
              "eval_accuracy")) {
        assertThat(after.get(i).get(metric))
            .as("%s of step %d", metric, i + 1)
            .isEqualTo(before.get(i).get(metric));
      }
    }
  }
}
