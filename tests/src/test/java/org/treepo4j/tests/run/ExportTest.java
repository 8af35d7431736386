package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.PeftAdapter;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.testsupport.SharedData;

/** An export is the model, and says where it is not. */
class ExportTest {
  @TempDir Path folder;

  @Test
  void anAdapterKeepsItsWholeEffectUnlessAnotherTypeIsAskedFor() throws IOException {
    TinyRuns runs = new TinyRuns(folder);
    Path base = export(runs.path("model"), "base", "--dtype", "bf16");
    runs.run(
            "train",
            "run",
            "--set",
            "model=" + base,
            "--set",
            "lora.rank=2",
            "--set",
            "trainer.steps=2")
        .ok();
    Path adapter = runs.checkpoint("run", 2);

    Path merged = export(base, "merged", "--adapter", adapter.toString());

    Weights expected;
    try (HfFolder opened = HfFolder.open(base)) {
      expected = LoraAdapters.merge(PeftAdapter.read(adapter), WeightsLoader.load(opened));
    }
    try (HfFolder opened = HfFolder.open(merged)) {
      for (Parameter parameter : expected.parameters()) {
        assertThat(opened.tensor(parameter.name()).dtype()).isEqualTo(DType.F32);
        assertThat(opened.readFloats(parameter.name())).isEqualTo(parameter.values());
      }
    }
    TinyRuns.Result rounded =
        TinyRuns.cli(
            "export",
            "-q",
            "--model",
            base.toString(),
            "--adapter",
            adapter.toString(),
            "--out",
            folder.resolve("rounded").toString(),
            "--dtype",
            "bf16");
    assertThat(rounded.ok().err())
        .contains("written as bf16: ", "% of the weights are rounded", "--dtype f32 keeps all");
  }

  @Test
  void aModelWithAnAdapterIsTheMergedModelForEveryCommand() throws IOException {
    TinyRuns runs = new TinyRuns(folder);
    runs.run("train", "run", "--set", "lora.rank=2", "--set", "trainer.steps=2").ok();
    String base = runs.path("model").toString();
    String adapter = runs.checkpoint("run", 2).toString();
    String merged = export(runs.path("model"), "merged", "--adapter", adapter).toString();
    String[][] commands = {
      {"generate", "--prompt", "1+2=", "--max-tokens", "8", "--seed", "3"},
      {"eval", "--data", runs.path("tasks.jsonl").toString(), "--samples", "2"},
    };
    for (String[] command : commands) {
      String ofMerged = cli(command, "--model", merged).ok().out();
      String plain = cli(command, "--model", base).ok().out();
      assertThat(cli(command, "--model", base, "--adapter", adapter).ok().out())
          .isEqualTo(ofMerged)
          .isNotEqualTo(plain);
    }
    TinyRuns.Result alone = cli(commands[0], "--model", adapter);
    assertThat(alone.exitCode()).isEqualTo(2);
    assertThat(alone.err()).contains("holds a LoRA adapter: give it as --adapter");
    Path wide = runs.model("wide", 24, 3);
    TinyRuns.Result other = cli(commands[0], "--model", wide.toString(), "--adapter", adapter);
    assertThat(other.exitCode()).isEqualTo(2);
    assertThat(other.err()).contains(adapter + ": adapter of model.layers.0");
  }

  private static TinyRuns.Result cli(String[] command, String... more) {
    return TinyRuns.cli(
        Stream.concat(Arrays.stream(command), Arrays.stream(more)).toArray(String[]::new));
  }

  @Test
  void aCheckpointOfFullTrainingIsTheFolderItBeganWithButForTheTextModel() throws IOException {
    TinyRuns runs = new TinyRuns(folder);
    Path model = Files.createDirectory(folder.resolve("nested"));
    for (Path from :
        List.of(SharedData.require("models/qwen3_5-tiny-nested"), runs.path("model"))) {
      try (Stream<Path> files = Files.list(from)) {
        for (Path file : files.toList()) {
          Path to = model.resolve(file.getFileName());
          if (!Files.exists(to) && !file.toString().endsWith("reference.json")) {
            Files.write(to, Files.readAllBytes(file));
          }
        }
      }
    }
    Files.writeString(model.resolve("preprocessor_config.json"), "{\"size\": 4}");
    String[] settings = {"--set", "model=" + model, "--set", "trainer.steps=4"};
    runs.run("train", "whole", settings).ok();
    runs.run("train", "resumed", settings).ok();
    runs.killAfter("resumed", 2);
    runs.run("train", "resumed", "--set", "model=" + model, "--set", "trainer.steps=4", "--resume")
        .ok();
    runs.assertSameRuns("whole", "resumed", 4);
    assertThat(runs.checkpoint("whole", 4).resolve("preprocessor_config.json"))
        .hasContent("{\"size\": 4}");
    try (HfFolder begun = HfFolder.open(model);
        HfFolder trained = HfFolder.open(runs.checkpoint("whole", 4))) {
      assertThat(trained.passedOver()).isEqualTo(begun.passedOver()).hasSize(4);
      assertThat(trained.config()).isEqualTo(begun.config());
      assertThat(trained.readFloats("model.norm.weight"))
          .isNotEqualTo(begun.readFloats("model.norm.weight"));
    }
    Map<String, float[]> before = TinyRuns.tensors(model.resolve("model.safetensors"));
    Map<String, float[]> after =
        TinyRuns.tensors(runs.checkpoint("whole", 4).resolve("model.safetensors"));
    assertThat(after.keySet()).isEqualTo(before.keySet());
    assertThat(after.get("mtp.fc.weight")).isEqualTo(before.get("mtp.fc.weight"));
  }

  @Test
  void whatIsNoPartOfTheTextModelGoesAlongToAFolderAndIsNamedForAFile() throws IOException {
    Path source = SharedData.require("models/qwen3_5-tiny-nested");
    TinyRuns.Result whole =
        TinyRuns.cli(
                "export", "--model", source.toString(), "--out", folder.resolve("whole").toString())
            .ok();
    assertThat(whole.err()).contains("4 tensors of vision and multi-token prediction go along");
    try (HfFolder read = HfFolder.open(folder.resolve("whole"));
        HfFolder nested = HfFolder.open(source)) {
      assertThat(read.passedOver()).isEqualTo(nested.passedOver());
      assertThat(read.storedName("model.norm.weight"))
          .isEqualTo("model.language_model.norm.weight");
      assertThat(Files.readString(folder.resolve("whole/config.json"))).contains("vision_config");
    }
  }

  @Test
  void aModelKeepsTheSmallestTypeThatHoldsIt() throws IOException {
    TinyRuns runs = new TinyRuns(folder);
    for (DType type : new DType[] {DType.BF16, DType.F16, DType.F32}) {
      Path one = export(runs.path("model"), "as-" + type, "--dtype", type.name());
      try (HfFolder again = HfFolder.open(export(one, "again-" + type))) {
        assertThat(again.tensor("model.norm.weight").dtype()).isEqualTo(type);
      }
    }
  }

  @Test
  void namedChatTemplatesAreCarriedOver() throws IOException {
    TinyRuns runs = new TinyRuns(folder);
    Path templates = Files.createDirectory(runs.path("model").resolve("additional_chat_templates"));
    Files.writeString(templates.resolve("tool_use.jinja"), "{{ tools }}");
    assertThat(
            export(runs.path("model"), "out").resolve("additional_chat_templates/tool_use.jinja"))
        .hasContent("{{ tools }}");
  }

  private Path export(Path model, String name, String... more) {
    Path out = folder.resolve(name);
    String[] arguments = new String[5 + more.length];
    System.arraycopy(
        new String[] {"export", "--model", model.toString(), "--out", out.toString()},
        0,
        arguments,
        0,
        5);
    System.arraycopy(more, 0, arguments, 5, more.length);
    TinyRuns.cli(arguments).ok();
    return out;
  }
}
