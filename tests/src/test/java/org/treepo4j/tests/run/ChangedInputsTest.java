package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run goes on with what it began with, wherever that is, and with nothing else. */
class ChangedInputsTest {
  private static final String[] SHORT = {"--set", "trainer.steps=4", "--set", "data.test=[]"};

  @TempDir Path folder;
  private TinyRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    runs = new TinyRuns(folder);
  }

  @ParameterizedTest
  @CsvSource({
    "tasks.jsonl, data.train[0]",
    "model/tokenizer.json, model (tokenizer)",
    "model/config.json, model (configuration)",
    "model/model.safetensors, model (weights)",
    "model/chat_template.jinja, model (tokenizer)",
    "model/additional_chat_templates/rag.jinja, model (tokenizer)"
  })
  void contentsThatChangedUnderTheirPathAreNamed(String file, String name) throws IOException {
    run("train", "run", SHORT).ok();
    runs.killAfter("run", 2);
    Path path = folder.resolve(file);
    if (file.endsWith(".safetensors")) {
      Path other = runs.model("other", 16, 4);
      Files.copy(other.resolve("model.safetensors"), path, StandardCopyOption.REPLACE_EXISTING);
    } else if (file.endsWith(".jinja")) {
      Files.createDirectories(path.getParent());
      Files.writeString(path, "{{ messages }}");
    } else if (file.endsWith(".jsonl")) {
      Files.write(path, Files.readAllLines(path).subList(0, 6));
    } else {
      Files.writeString(path, Files.readString(path) + " ");
    }
    TinyRuns.Result resumed = run("train", "run", with(SHORT, "--resume"));
    assertThat(resumed.exitCode()).isEqualTo(2);
    assertThat(resumed.err()).contains("the run began with other contents of: " + name + ";");
    assertThat(runs.checkpoint("run", 2)).exists();
  }

  @Test
  void aProjectCopiedElsewhereGoesOnAsTheUninterruptedRun() throws IOException {
    run("train", "whole", SHORT).ok();
    run("train", "run", SHORT).ok();
    runs.killAfter("run", 2);
    Path copy = folder.resolveSibling(folder.getFileName() + "-copy");
    copyTree(folder, copy);
    TinyRuns.Result resumed =
        TinyRuns.cli(
            Stream.of(
                    List.of("train", copy.resolve("train.yaml").toString()),
                    List.of("--set", "output=" + copy.resolve("run")),
                    List.of(with(SHORT, "--resume")))
                .flatMap(List::stream)
                .toArray(String[]::new));
    assertThat(resumed.ok().err()).contains("going on from " + copy);
    assertThat(copy.resolve("run/checkpoints/step-000004/model.safetensors"))
        .hasSameBinaryContentAs(runs.checkpoint("whole", 4).resolve("model.safetensors"));
  }

  @Test
  void aCopyWithOtherContentsDoesNot() throws IOException {
    run("sft", "run").ok();
    runs.killAfter("run", 2);
    Files.writeString(folder.resolve("demonstrations.jsonl"), "{\"text\":\"1+1=2\"}\n");
    TinyRuns.Result resumed = run("sft", "run", "--resume");
    assertThat(resumed.exitCode()).isEqualTo(2);
    assertThat(resumed.err()).contains("corpus.train[0], corpus.validation[0]");
  }

  @Test
  void checkpointsOfEarlierVersionsGoOn() throws IOException {
    run("train", "whole", SHORT).ok();
    run("train", "old", SHORT).ok();
    runs.killAfter("old", 2);
    Files.delete(folder.resolve("old/inputs.json"));
    Path checkpoint = runs.checkpoint("old", 2);
    for (String name : List.of("optimizer.safetensors", "trainer_state.json")) {
      Files.move(checkpoint.resolve("trainer").resolve(name), checkpoint.resolve(name));
    }
    Files.delete(checkpoint.resolve("trainer"));
    Path manifest = checkpoint.resolve("manifest.json");
    Files.writeString(manifest, Files.readString(manifest).replace("trainer/", ""));
    assertThat(run("train", "old", with(SHORT, "--resume")).ok().err()).contains("going on from");
    runs.assertSameRuns("whole", "old", 4);
  }

  @Test
  void aCheckpointHoldsNoWeightsButTheModels() throws IOException {
    run("train", "run", SHORT).ok();
    try (Stream<Path> files = Files.list(runs.checkpoint("run", 4))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .filteredOn(name -> name.endsWith(".safetensors"))
          .containsExactly("model.safetensors");
    }
    assertThat(runs.checkpoint("run", 4).resolve("trainer/optimizer.safetensors")).exists();
  }

  @Test
  void aLongerRunTellsThatItsLearningRateGoesOnDifferently() throws IOException {
    run("train", "run", SHORT).ok();
    String told = "the cosine learning rate goes on as that of a run of 24";
    assertThat(
            run("train", "run", "--set", "trainer.steps=6", "--set", "data.test=[]", "--resume")
                .ok()
                .err())
        .contains("the run was to have 16 updates and now has 24", told);
    run("sft", "sft").ok();
    assertThat(run("sft", "sft", "--set", "trainer.epochs=4", "--resume").ok().err())
        .contains("the linear learning rate goes on");
    String[] constant = with(SHORT, "--set", "optimizer.learningRate.shape=constant");
    run("train", "constant", constant).ok();
    assertThat(
            run("train", "constant", with(constant, "--set", "trainer.steps=5", "--resume"))
                .ok()
                .err())
        .doesNotContain("learning rate");
  }

  private TinyRuns.Result run(String command, String output, String... more) {
    return runs.run(command, output, more);
  }

  private static String[] with(String[] some, String... more) {
    return Stream.concat(Stream.of(some), Stream.of(more)).toArray(String[]::new);
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : paths.toList()) {
        Files.copy(path, to.resolve(from.relativize(path).toString()));
      }
    }
  }
}
