package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.checkpoints.SafetensorsFile;
import org.treepo4j.rl.TrainingRun;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.testsupport.NeedsCuda;

/** Training runs of the model of chain-sums on the {@code cuda} engine. */
@ExtendWith(NeedsCuda.class)
class CudaRunTest {
  private static final Path EXAMPLE =
      Path.of(System.getProperty("treepo.root", ".."), "examples/chain-sums");

  @TempDir Path folder;

  @Test
  void aRunIsTheRunOnTheVectorEngine() throws IOException {
    run("vector");
    run("cuda");
    JsonNode expected = metrics("vector").get(0);
    JsonNode actual = metrics("cuda").get(0);
    for (String name :
        List.of("sampled_tokens", "computed_tokens", "reward_mean", "loss", "gradient_norm")) {
      assertThat(expected.has(name)).as(name).isTrue();
      double value = expected.get(name).asDouble();
      assertThat(actual.get(name).asDouble())
          .as(name)
          .isCloseTo(value, within(1e-3 * Math.abs(value) + 1e-6));
    }
    assertThat(actual.get("logprob_mismatch").asDouble()).isLessThan(1e-4);
  }

  @Test
  void aRunGoesOnFromItsCheckpointBitForBit() throws IOException {
    new TinyRuns(folder);
    tiny("whole", 2, false);
    tiny("parted", 1, false);
    tiny("parted", 2, true);
    for (String file : List.of("model.safetensors", "trainer/optimizer.safetensors")) {
      String at = "checkpoints/step-000002/" + file;
      try (SafetensorsFile whole = SafetensorsFile.open(folder.resolve("whole").resolve(at));
          SafetensorsFile parted = SafetensorsFile.open(folder.resolve("parted").resolve(at))) {
        assertThat(parted.tensors().keySet()).isEqualTo(whole.tensors().keySet());
        for (String name : whole.tensors().keySet()) {
          assertThat(parted.readFloats(name)).as(name).isEqualTo(whole.readFloats(name));
        }
      }
    }
  }

  private void tiny(String name, int steps, boolean resume) throws IOException {
    TrainingRun.of(
            folder.resolve("train.yaml"),
            "engine=cuda",
            "output=" + folder.resolve(name),
            "optimizer.learningRate.shape=constant",
            "trainer.steps=" + steps,
            "trainer.promptsPerStep=2",
            "evaluation.everySteps=0",
            "evaluation.maxTasks=1",
            "checkpoint.everySteps=1")
        .resume(resume)
        .run();
  }

  private void run(String engine) throws IOException {
    TrainingRun.of(
            EXAMPLE.resolve("train.yaml"),
            "engine=" + engine,
            "output=" + folder.resolve(engine),
            "trainer.steps=1",
            "trainer.promptsPerStep=2",
            "rollout.maxWidth=4",
            "rollout.segmentLength=4",
            "rollout.maxDepth=2",
            "rollout.initialDivergence.lo=2",
            "rollout.initialDivergence.hi=4",
            "rollout.maxResponseTokens=8",
            "evaluation.maxTasks=1",
            "evaluation.everySteps=0")
        .reward(input -> new Score(input.response().hashCode() % 7, false))
        .run();
  }

  private List<JsonNode> metrics(String name) throws IOException {
    List<JsonNode> steps = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve(name).resolve("metrics.jsonl"))) {
      steps.add(new ObjectMapper().readTree(line));
    }
    return steps;
  }
}
