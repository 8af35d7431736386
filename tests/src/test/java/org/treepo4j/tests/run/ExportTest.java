package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.PeftAdapter;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;

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
