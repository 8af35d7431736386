package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.checkpoints.gguf.GgufFile;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.testsupport.SharedData;

/** {@code ./treepo export --format gguf}. llama.cpp gives the same texts: see docs/models.md. */
class GgufExportTest {
  private static final Path CHAIN_SUMS =
      Path.of(System.getProperty("treepo.root", ".."), "examples/chain-sums/model")
          .toAbsolutePath()
          .normalize();

  @TempDir Path folder;

  @Test
  void aModelTrainedHereContinuesAsBefore() throws IOException {
    Path file = export(CHAIN_SUMS, "f32");
    for (String prompt : new String[] {"7+58-13+9=", "12-5=", "1+2+3="}) {
      assertThat(continued(file, prompt)).isEqualTo(continued(CHAIN_SUMS, prompt));
    }
    try (ModelSource written = ModelSource.open(file);
        ModelSource original = ModelSource.open(CHAIN_SUMS)) {
      assertThat(written.config()).isEqualTo(original.config());
      for (String tensor : original.tensorNames()) {
        assertThat(written.readFloats(tensor)).isEqualTo(original.readFloats(tensor));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gguf/qwen3-bpe.gguf", "gguf/gemma3-bpe.gguf", "stories260K"})
  void aFolderThatWasImportedIsExportedAsItWas(String name) throws IOException {
    Path source = SharedData.require(name);
    Path imported = source;
    if (Files.isRegularFile(source)) {
      imported = folder.resolve("imported");
      TinyRuns.cli("import", source.toString(), imported.toString(), "--dtype=f32").ok();
    }
    Path file = export(imported, "f32");
    assertThat(score(file)).isEqualTo(score(source));
    String text = "Once upon a time,\n5 é <s>";
    assertThat(ModelTokenizer.open(file).tokenizer().encode(text, true))
        .isEqualTo(ModelTokenizer.open(source).tokenizer().encode(text, true));
    assertThat(ModelTokenizer.open(file).special().eos())
        .isEqualTo(ModelTokenizer.open(source).special().eos());
  }

  @ParameterizedTest
  @CsvSource({"bf16, BF16", "f16, F16", "q8_0, Q8_0"})
  void matricesHaveTheTypeAskedForAndNormsAreWhole(String type, String expected)
      throws IOException {
    Path file = export(CHAIN_SUMS, type);
    try (GgufFile opened = GgufFile.open(file)) {
      assertThat(opened.tensors().get("blk.0.attn_q.weight").type()).hasToString(expected);
      assertThat(opened.tensors().get("blk.0.attn_norm.weight").type()).hasToString("F32");
    }
    JsonNode before = score(CHAIN_SUMS).get("logprobs");
    JsonNode after = score(file).get("logprobs");
    for (int i = 0; i < before.size(); i++) {
      assertThat(after.get(i).asDouble()).isCloseTo(before.get(i).asDouble(), within(0.2));
    }
  }

  @Test
  void nothingIsWrittenOverAndQuantisedFoldersAreRefused() throws IOException {
    Path there = Files.createFile(folder.resolve("there.gguf"));
    TinyRuns.Result result =
        TinyRuns.cli("export", "--model=" + CHAIN_SUMS, "--out=" + there, "--format=gguf");
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains(there + ": exists already");
    result =
        TinyRuns.cli("export", "--model=" + CHAIN_SUMS, "--out=" + folder + "/x", "--type=q8_0");
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("--type q8_0 needs --format gguf");
  }

  private Path export(Path model, String type) {
    Path file = folder.resolve(type + ".gguf");
    TinyRuns.cli("export", "--model=" + model, "--out=" + file, "--format=gguf", "--type=" + type)
        .ok();
    return file;
  }

  private static String continued(Path model, String prompt) {
    return TinyRuns.cli(
            "generate",
            "--model=" + model,
            "--prompt=" + prompt,
            "--temperature=0",
            "--engine=vector")
        .ok()
        .out();
  }

  private static JsonNode score(Path model) throws IOException {
    java.io.InputStream before = System.in;
    try {
      System.setIn(
          new java.io.ByteArrayInputStream(
              "{\"ids\":[2,5,7,3,9,11,4]}\n".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
      return TinyRuns.cli("score", "--model=" + model, "--engine=vector").ok().json();
    } finally {
      System.setIn(before);
    }
  }
}
