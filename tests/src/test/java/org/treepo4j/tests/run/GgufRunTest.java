package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.testsupport.SharedData;

/** A GGUF file stands wherever a model folder does. */
class GgufRunTest {
  @TempDir Path folder;
  private TinyRuns runs;
  private Path model;

  @BeforeEach
  void prepare() throws IOException {
    model = SharedData.require("gguf/llama-spm.gguf");
    runs = new TinyRuns(folder);
  }

  @Test
  void importedWeightsAreThoseOfTheFileBitForBit() throws IOException {
    for (String name : new String[] {"llama-spm", "llama3-ropescaled", "qwen3-bpe", "gemma3-bpe"}) {
      Path file = SharedData.require("gguf/" + name + ".gguf");
      Path out = folder.resolve(name);
      TinyRuns.cli("import", file.toString(), out.toString()).ok();
      try (ModelSource stored = ModelSource.open(file);
          HfFolder imported = HfFolder.open(out)) {
        assertThat(imported.config()).isEqualTo(stored.config());
        assertThat(imported.tensorNames()).isEqualTo(stored.tensorNames());
        for (String tensor : stored.tensorNames()) {
          assertThat(imported.readFloats(tensor)).isEqualTo(stored.readFloats(tensor));
        }
      }
    }
  }

  @Test
  void theSmallestTypeThatLosesNothingIsTakenOrTheOneAskedFor() throws IOException {
    Path file = SharedData.require("gguf/llama3-ropescaled.gguf");
    assertThat(imported(file, "own").tensor("model.embed_tokens.weight").dtype())
        .isEqualTo(DType.F32);
    assertThat(imported(file, "asked", "--dtype=bf16").tensor("lm_head.weight").dtype())
        .isEqualTo(DType.BF16);
    assertThat(imported(file, "rope").config().ropeScaling())
        .isInstanceOf(RopeScaling.Llama3.class);
  }

  private HfFolder imported(Path file, String name, String... more) throws IOException {
    Path out = folder.resolve(name);
    String[] arguments = new String[3 + more.length];
    arguments[0] = "import";
    arguments[1] = file.toString();
    arguments[2] = out.toString();
    System.arraycopy(more, 0, arguments, 3, more.length);
    TinyRuns.cli(arguments).ok();
    HfFolder opened = HfFolder.open(out);
    opened.close();
    return opened;
  }

  @Test
  void anExistingFolderIsNotWrittenOver() throws IOException {
    Path out = Files.createDirectory(folder.resolve("there"));
    TinyRuns.Result result = TinyRuns.cli("import", model.toString(), out.toString());
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains(out + ": exists already");
  }

  @Test
  void infoTellsWhatAModelIs() throws IOException {
    JsonNode json =
        new ObjectMapper().readTree(TinyRuns.cli("info", "--model=" + model, "--json").ok().out());
    assertThat(json.get("architecture").textValue()).isEqualTo("llama");
    assertThat(json.get("parameters").longValue()).isEqualTo(260_032);
    assertThat(json.at("/elements_by_type/Q8_0").longValue()).isPositive();
    assertThat(json.get("chat_template").booleanValue()).isTrue();
    assertThat(json.at("/memory_bytes/train").longValue())
        .isGreaterThan(json.at("/memory_bytes/sample").longValue());
    assertThat(TinyRuns.cli("info", "--model=" + model).ok().out())
        .contains("260,032 parameters", "512 tokens", "chat template: yes", "memory to train");
  }

  @Test
  void aRunBegunFromAFileKeepsCheckpointsThatStandAlone() throws IOException {
    TinyRuns.Result result =
        runs.run("sft", "runs/gguf", "--set", "model=" + model, "--set", "trainer.epochs=1").ok();
    Path checkpoint = Path.of(result.json().get("checkpoint").asText());
    assertThat(checkpoint.resolve("config.json")).exists();
    ModelTokenizer own = ModelTokenizer.open(checkpoint);
    ModelTokenizer of = ModelTokenizer.open(model);
    String text = "<s>Once upon a time,\n5 é";
    assertThat(own.tokenizer().encode(text, true)).isEqualTo(of.tokenizer().encode(text, true));
    assertThat(own.chatTemplate()).isPresent();
    assertThat(own.special()).isEqualTo(of.special());
    runs.run("sft", "runs/gguf", "--set", "model=" + model, "--set", "trainer.epochs=1", "--resume")
        .ok();
  }
}
