package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.checkpoints.SafetensorsFile;
import org.treepo4j.cli.Main;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.Weights;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * A folder with a tiny random model, tasks and settings. Rewards fall with the length of a
 * response, so that there is something to learn for a model that knows nothing.
 */
final class TinyRuns {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final Path TOKENIZER =
      Path.of(System.getProperty("treepo.root", ".."), "examples/chain-sums/tokenizer");

  private final Path folder;

  /** What a command left: exit code and texts. */
  record Result(int exitCode, String out, String err) {
    Result ok() {
      assertThat(exitCode).as(err).isZero();
      return this;
    }

    JsonNode json() throws IOException {
      return JSON.readTree(out);
    }
  }

  TinyRuns(Path folder) throws IOException {
    this.folder = folder;
    model("model", 16, 3);
    StringBuilder tasks = new StringBuilder();
    StringBuilder demonstrations = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      tasks.append("{\"prompt\":\"%d+%d=\",\"answer\":\"%d\"}\n".formatted(i, i + 1, 2 * i + 1));
      demonstrations.append(
          "{\"prompt\":\"%d+%d=\",\"completion\":\"%d\"}\n".formatted(i, i + 1, 2 * i + 1));
    }
    Files.writeString(folder.resolve("tasks.jsonl"), tasks);
    Files.writeString(folder.resolve("demonstrations.jsonl"), demonstrations);
    Files.writeString(
        folder.resolve("train.yaml"),
        """
        model: model
        output: runs/train
        engine: vector
        threads: 2
        seed: 5
        data: {train: [tasks.jsonl], test: [tasks.jsonl]}
        rollout:
          maxWidth: 6
          segmentLength: 3
          maxDepth: 4
          maxResponseTokens: 12
        reward: {overlongBuffer: 12}
        loss: {kl: loss, klCoefficient: 0.1, entropyCoefficient: 0.01}
        optimizer:
          learningRate: {peak: 0.02, warmupUpdates: 3, shape: cosine, minimumRatio: 0.1}
        trainer:
          steps: 6
          promptsPerStep: 4
          miniBatchPrompts: 2
          epochsPerBatch: 2
          microBatchTokens: 90
        evaluation: {everySteps: 2, maxTasks: 4}
        checkpoint: {everySteps: 2, keepLast: 100}
        """);
    Files.writeString(
        folder.resolve("sft.yaml"),
        """
        model: model
        output: runs/sft
        engine: vector
        threads: 2
        seed: 5
        corpus: {train: [demonstrations.jsonl], validation: [demonstrations.jsonl]}
        optimizer:
          learningRate: {peak: 0.02, warmupUpdates: 3, shape: linear, minimumRatio: 0.1}
        trainer: {epochs: 3, batchTokens: 40, microBatchTokens: 20, validateEverySteps: 2}
        checkpoint: {everySteps: 2, keepLast: 100}
        """);
    Files.writeString(
        folder.resolve("pretrain.yaml"),
        """
        tokenizer: %s
        output: runs/pretrain
        engine: vector
        threads: 2
        seed: 5
        architecture: {hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, ffnSize: 24, maxPositions: 64}
        corpus: {task: chain-sums, examples: 20, validationExamples: 5}
        optimizer: {learningRate: {peak: 0.02, warmupUpdates: 1}}
        trainer: {epochs: 2, batchTokens: 200, microBatchTokens: 100, validateEverySteps: 2, maxTokens: 64}
        checkpoint: {everySteps: 2, keepLast: 100}
        """
            .formatted(TOKENIZER.toAbsolutePath().normalize()));
  }

  /** A folder of a model with random weights. */
  Path model(String name, int hiddenSize, long seed) throws IOException {
    return model(name, hiddenSize, Tokenizer.load(TOKENIZER).vocabSize(), seed);
  }

  /** As above, with a vocabulary of another size than the tokenizer's. */
  Path model(String name, int hiddenSize, int vocabulary, long seed) throws IOException {
    return write(name, config(Architecture.LLAMA, hiddenSize, vocabulary), seed);
  }

  /** A folder of a mixture of experts with random weights. */
  Path mixture(String name, long seed) throws IOException {
    int vocabulary = Tokenizer.load(TOKENIZER).vocabSize();
    Design design = Design.PLAIN.withExperts(new Design.Experts(6, 2, 8, true));
    return write(name, config(Architecture.QWEN3_MOE, 16, vocabulary).withDesign(design), seed);
  }

  private static ModelConfig config(Architecture family, int hiddenSize, int vocabulary)
      throws IOException {
    int eos = Tokenizer.load(TOKENIZER).id("<eos>").orElse(1);
    return new ModelConfig(
        family,
        vocabulary,
        hiddenSize,
        1,
        2,
        1,
        hiddenSize / 2,
        24,
        32,
        1e-6,
        10_000,
        RopeScaling.NONE,
        false,
        false,
        family == Architecture.QWEN3_MOE,
        true,
        -1,
        List.of(eos));
  }

  private Path write(String name, ModelConfig config, long seed) throws IOException {
    Weights weights = RandomWeights.create(config, seed);
    Path model = folder.resolve(name);
    HfExport.write(
        model,
        config,
        weights.shapes(),
        tensor -> weights.parameter(tensor).values(),
        ExportOptions.of(DType.F32, Optional.of(TOKENIZER)));
    return model;
  }

  Path path(String name) {
    return folder.resolve(name);
  }

  /** Runs a command on one of the settings files. */
  Result run(String command, String output, String... more) {
    List<String> arguments = new ArrayList<>(List.of(arguments(command, output)));
    arguments.addAll(List.of(more));
    return cli(arguments.toArray(String[]::new));
  }

  String[] arguments(String command, String output) {
    return new String[] {
      command, path(command + ".yaml").toString(), "--set", "output=" + path(output)
    };
  }

  static Result cli(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    return new Result(code, out.toString(), err.toString());
  }

  Path checkpoint(String run, int step) {
    return path(run).resolve("checkpoints/step-%06d".formatted(step));
  }

  /** Leaves a run as a kill does that comes after this step's checkpoint and before the next. */
  void killAfter(String run, int step) throws IOException {
    try (Stream<Path> checkpoints = Files.list(path(run).resolve("checkpoints"))) {
      for (Path checkpoint : checkpoints.toList()) {
        if (Integer.parseInt(checkpoint.getFileName().toString().substring(5)) > step) {
          deleteTree(checkpoint);
        }
      }
    }
    Files.deleteIfExists(path(run).resolve("summary.json"));
  }

  private static void deleteTree(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Every tensor of a safetensors file. */
  static Map<String, float[]> tensors(Path file) throws IOException {
    Map<String, float[]> tensors = new TreeMap<>();
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      for (String name : opened.tensors().keySet()) {
        tensors.put(name, opened.readFloats(name));
      }
    }
    return tensors;
  }

  /** The lines of {@code metrics.jsonl} without what the clock says. */
  List<ObjectNode> metrics(String run) throws IOException {
    List<ObjectNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(path(run).resolve("metrics.jsonl"))) {
      ObjectNode metrics = (ObjectNode) JSON.readTree(line);
      metrics
          .properties()
          .removeIf(metric -> metric.getKey().matches("(.*_)?seconds|.*_per_second"));
      lines.add(metrics);
    }
    return lines;
  }

  /** Holds two runs' last checkpoints, metrics and trees equal, bit for bit. */
  void assertSameRuns(String one, String other, int lastStep) throws IOException {
    assertThat(metrics(one)).hasSize(lastStep).isEqualTo(metrics(other));
    Path checkpoint = checkpoint(one, lastStep);
    try (Stream<Path> files = Files.walk(checkpoint)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
        assertThat(checkpoint(other, lastStep).resolve(checkpoint.relativize(file)))
            .hasSameBinaryContentAs(file);
      }
    }
    assertThat(state(other, lastStep)).isEqualTo(state(one, lastStep));
    Path trees = path(one).resolve("trees");
    if (Files.exists(trees)) {
      try (Stream<Path> files = Files.list(trees)) {
        for (Path file : files.toList()) {
          assertThat(path(other).resolve("trees").resolve(file.getFileName()))
              .hasSameTextualContentAs(file);
        }
      }
    }
  }

  private JsonNode state(String run, int step) throws IOException {
    JsonNode state =
        JSON.readTree(checkpoint(run, step).resolve("trainer/trainer_state.json").toFile());
    ((ObjectNode) state.get("training")).remove("seconds");
    return state;
  }
}
