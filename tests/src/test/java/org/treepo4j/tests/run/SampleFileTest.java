package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of samples belongs to one evaluation, and an evaluation that was stopped goes on. */
class SampleFileTest {
  @TempDir Path folder;
  private TinyRuns runs;
  private Path out;

  @BeforeEach
  void prepare() throws IOException {
    runs = new TinyRuns(folder);
    out = folder.resolve("samples.jsonl");
  }

  @Test
  void anotherEvaluationIsRefusedByWhatDiffers() throws IOException {
    eval().ok();
    String before = Files.readString(out);
    refused("model.weights differs", "--model", runs.model("other", 16, 9).toString());
    refused("samples was 2, is 3", "--samples", "3");
    refused("seed was 0, is 7", "--seed", "7");
    refused("temperature was 1.0, is 0.5", "--temperature", "0.5");
    refused("weights was \"F32\", is \"BF16\"", "--weights", "bf16");
    refused("rollout.maxResponseTokens was 12, is 11", "--set", "rollout.maxResponseTokens=11");
    refused("data.maxPromptTokens was 0, is 5", "--set", "data.maxPromptTokens=5");
    refused("data.template.text was", "--set", "data.template.text=\"{prompt} \"");
    refused("reward.correct was 1.0, is 2.0", "--set", "reward.correct=2");
    runs.run("train", "run", "--set", "lora.rank=1", "--set", "trainer.steps=1").ok();
    refused("model.adapter differs", "--adapter", runs.checkpoint("run", 1).toString());
    Files.createDirectories(folder.resolve("x"));
    Files.writeString(folder.resolve("x/tasks.jsonl"), "{\"prompt\":\"9+9=\",\"answer\":\"18\"}\n");
    refused("data.content differs", "--data", folder.resolve("x/tasks.jsonl").toString());
    Files.copy(folder.resolve("tasks.jsonl"), folder.resolve("x/renamed.jsonl"));
    refused(
        "data.file was \"tasks.jsonl\", is \"renamed.jsonl\"",
        "--data",
        folder.resolve("x/renamed.jsonl").toString());
    Path config = runs.path("model").resolve("config.json");
    String text = Files.readString(config);
    Files.writeString(config, text.replace("{", "{ "));
    refused("model.config differs");
    Files.writeString(config, text);
    assertThat(out).hasContent(before);
  }

  @Test
  void theSameEvaluationOfACopyElsewhereGoesOnWithoutSamplingAgain() throws IOException {
    String first = eval().ok().out();
    String before = Files.readString(out);
    Path copy = Files.createDirectories(folder.resolve("copy"));
    Files.copy(folder.resolve("tasks.jsonl"), copy.resolve("tasks.jsonl"));
    try (Stream<Path> files = Files.list(runs.path("model"))) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    TinyRuns.Result again =
        eval("--model", copy.toString(), "--data", copy.resolve("tasks.jsonl").toString()).ok();
    assertThat(again.out()).isEqualTo(first);
    assertThat(again.err()).doesNotContain("tasks");
    assertThat(out).hasContent(before);
  }

  @Test
  void anEvaluationCutOffAnywhereGoesOnToTheSameResult() throws IOException {
    String whole = eval().ok().out();
    byte[] bytes = Files.readAllBytes(out);
    int line = Files.readAllLines(out).get(0).getBytes().length + 1;
    int second = line + Files.readAllLines(out).get(1).getBytes().length + 1;
    for (int kept : new int[] {0, 1, line - 2, line - 1, line, line + 40, second - 1, second}) {
      Files.write(out, java.util.Arrays.copyOf(bytes, kept));
      TinyRuns.Result result = eval().ok();
      assertThat(result.out()).as("after %d bytes", kept).isEqualTo(whole);
      boolean torn = kept != 0 && kept < line - 1 || kept == line + 40;
      assertThat(result.err().contains("the last line was cut off")).isEqualTo(torn);
      assertThat(out).hasBinaryContent(bytes);
    }
  }

  @Test
  void aBrokenLineInTheMiddleIsNamed() throws IOException {
    eval().ok();
    List<String> lines = new ArrayList<>(Files.readAllLines(out));
    lines.set(1, lines.get(1).substring(0, 30));
    Files.write(out, lines);
    refusedWith(eval(), out + " line 2: is no sample");
    lines.set(1, "[]");
    Files.write(out, lines);
    refusedWith(eval(), out + " line 2: is no sample");
    lines.set(1, "{\"prompt\":\"1+1=\",\"answer\":\"2\"}"); // a file of tasks, by mistake
    Files.write(out, lines);
    refusedWith(eval(), out + " line 2: is no sample: expected an object with taskId");
    lines.set(1, lines.get(0));
    Files.write(out, lines);
    refusedWith(eval(), out + " line 2: task tasks.jsonl:1 comes twice");
  }

  @Test
  void linesKeepTheirFieldsForOtherReaders() throws IOException {
    eval().ok();
    List<String> lines = Files.readAllLines(out);
    assertThat(lines).hasSize(12);
    for (int i = 0; i < lines.size(); i++) {
      ObjectNode line = (ObjectNode) TinyRuns.JSON.readTree(lines.get(i));
      assertThat(line.path("taskId").asText()).isEqualTo("tasks.jsonl:" + (i + 1));
      assertThat(line.path("samples")).hasSize(2);
      assertThat(line.has("evaluation")).isEqualTo(i == 0);
    }
    assertThat(TinyRuns.JSON.readTree(lines.get(0)).path("evaluation").fieldNames())
        .toIterable()
        .containsSubsequence("model.tokenizer", "seed", "weights", "data.file"); // in every JVM
  }

  @Test
  void filesThatDoNotSayWhatTheyWereMadeFromAreRefused() throws IOException {
    eval().ok();
    dropEvaluation();
    refusedWith(eval(), out + ": does not say what its samples were made from");
    refusedWith(
        evalInto("now.jsonl", "--compare", out.toString()),
        out + ": does not say what its samples were made from");
  }

  @Test
  void twoEvaluationsInOneFileAreRefused() throws IOException {
    eval().ok();
    evalInto("other.jsonl", "--seed", "4").ok();
    Files.writeString(out, Files.readString(out) + Files.readString(folder.resolve("other.jsonl")));
    refusedWith(eval(), out + " line 13: holds another evaluation: seed was 0, is 4");
  }

  @Test
  void comparisonsPairTheSameTasksOnly() throws IOException {
    eval().ok();
    Path other = Files.createDirectories(folder.resolve("x")).resolve("tasks.jsonl");
    String swapped =
        "{\"prompt\":\"5+5=\",\"answer\":\"10\"}\n{\"prompt\":\"9+9=\",\"answer\":\"18\"}\n";
    Files.writeString(other, swapped);
    refusedWith(
        evalInto("b.jsonl", "--data", other.toString(), "--compare", out.toString()),
        out + ": is of other tasks: data.content differs");

    Path renamed = Files.copy(folder.resolve("tasks.jsonl"), folder.resolve("x/renamed.jsonl"));
    TinyRuns.Result compared =
        evalInto(
                "c.jsonl",
                "--data",
                renamed.toString(),
                "--seed",
                "3",
                "--set",
                "rollout.maxResponseTokens=10",
                "--compare",
                out.toString())
            .ok();
    assertThat(compared.json().at("/comparison/tasks").asInt()).isEqualTo(12);
    refusedWith(
        evalInto(
            "d.jsonl",
            "--set",
            "data.fields={prompt: answer, answer: prompt}",
            "--compare",
            out.toString()),
        out + ": is of other tasks: data.fields.answer was nothing, is \"prompt\"");
    Files.writeString(out, "");
    refusedWith(evalInto("e.jsonl", "--compare", out.toString()), out + ": holds no samples");
  }

  private void dropEvaluation() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(out));
    ObjectNode first = (ObjectNode) TinyRuns.JSON.readTree(lines.get(0));
    first.remove("evaluation");
    lines.set(0, first.toString());
    Files.write(out, lines);
  }

  private void refused(String difference, String... other) {
    refusedWith(
        eval(other), out + ": holds another evaluation: ", difference, "give another --out");
  }

  private static void refusedWith(TinyRuns.Result result, String... parts) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
    assertThat(result.err()).startsWith("treepo: ").contains(parts).doesNotContain("Exception");
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.out()).isEmpty();
  }

  private TinyRuns.Result eval(String... other) {
    return evalInto("samples.jsonl", other);
  }

  /** Options given replace those of the same name. */
  private TinyRuns.Result evalInto(String name, String... other) {
    List<String> arguments = new ArrayList<>(List.of("eval", "--out", path(name)));
    List<String> given = List.of(other);
    String[][] usual = {
      {"--model", path("model")},
      {"--data", path("tasks.jsonl")},
      {"--samples", "2"},
      {"--seed", "0"}
    };
    for (String[] option : usual) {
      if (!given.contains(option[0])) {
        arguments.addAll(List.of(option));
      }
    }
    arguments.addAll(List.of("--set", "rollout.maxResponseTokens=12"));
    arguments.addAll(given);
    return TinyRuns.cli(arguments.toArray(String[]::new));
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }
}
