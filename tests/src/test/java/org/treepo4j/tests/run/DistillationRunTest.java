package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On-policy distillation from a larger folder with the same tokenizer. */
class DistillationRunTest {
  @TempDir Path folder;
  private TinyRuns runs;

  @BeforeEach
  void aTeacher() throws IOException {
    runs = new TinyRuns(folder);
    runs.model("large", 32, 9);
    runs.run(
            "sft",
            "teacher",
            "--set",
            "model=" + folder.resolve("large"),
            "--set",
            "trainer.epochs=20")
        .ok();
  }

  private TinyRuns.Result distil(String output, int steps, String... more) throws IOException {
    String teacher =
        TinyRuns.JSON
            .readTree(runs.path("teacher/summary.json").toFile())
            .get("checkpoint")
            .asText();
    List<String> settings =
        new ArrayList<>(
            List.of(
                "--set", "reference=" + teacher,
                "--set", "trainer.steps=" + steps,
                "--set", "loss.kl=advantage",
                "--set", "loss.klCoefficient=1",
                "--set", "loss.advantageCoefficient=0",
                "--set", "loss.entropyCoefficient=0",
                "--set", "trainer.dynamicSampling=false",
                "--set", "evaluation.everySteps=0"));
    settings.addAll(List.of(more));
    return runs.run("train", output, settings.toArray(String[]::new));
  }

  @Test
  void thePolicyComesCloserToALargerReference() throws IOException {
    distil("run", 24).ok();
    List<Double> kl = runs.metrics("run").stream().map(step -> step.get("kl").asDouble()).toList();
    assertThat(mean(kl.subList(20, 24))).isLessThan(0.7 * mean(kl.subList(0, 2)));
  }

  @Test
  void aResumedRunIsTheUninterruptedOne() throws IOException {
    distil("whole", 6).ok();
    distil("resumed", 6).ok();
    runs.killAfter("resumed", 2);
    distil("resumed", 6, "--resume").ok();
    runs.assertSameRuns("whole", "resumed", 6);
  }

  @Test
  void aReferenceWithOtherTokensIsRefused() throws IOException {
    Path other = Path.of(System.getProperty("treepo.root", ".."), "examples/countdown/model");
    TinyRuns.Result refused = runs.run("train", "run", "--set", "reference=" + other);
    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.err()).contains("expected the tokenizer of the model, but token 14 is *");
    TinyRuns.Result without =
        runs.run("train", "run", "--set", "reference=" + other, "--set", "loss.kl=none");
    assertThat(without.exitCode()).isEqualTo(2);
    assertThat(without.err()).contains("reference must be absent without loss.kl");
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }
}
