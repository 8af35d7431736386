package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFingerprintTest {
  private static final ModelConfig CONFIG =
      new ModelConfig(
          Architecture.LLAMA,
          8,
          4,
          1,
          1,
          1,
          4,
          6,
          16,
          1e-6,
          10_000,
          RopeScaling.NONE,
          false,
          false,
          false,
          true,
          -1,
          List.of(1));

  @TempDir Path folder;
  private Path tokenizer;

  @BeforeEach
  void prepare() throws IOException {
    tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
    Files.writeString(tokenizer.resolve("tokenizer.json"), "{}");
  }

  @Test
  void aCopyHasTheSameHoweverItsWeightsAreCutIntoFiles() throws IOException {
    ModelFingerprint whole = ModelFingerprint.of(model("whole", 1, 1 << 20));
    assertThat(ModelFingerprint.of(model("copy", 1, 1 << 20))).isEqualTo(whole);
    Path shards = model("shards", 1, 64);
    assertThat(shards.resolve("model.safetensors")).doesNotExist();
    assertThat(ModelFingerprint.of(shards)).isEqualTo(whole);
  }

  @Test
  void everyPartIsToldApart() throws IOException {
    ModelFingerprint before = ModelFingerprint.of(model("before", 1, 1 << 20));
    ModelFingerprint weights = ModelFingerprint.of(model("weights", 2, 1 << 20));
    assertThat(weights.weights()).isNotEqualTo(before.weights());
    assertThat(weights.config()).isEqualTo(before.config());
    assertThat(weights.tokenizer()).isEqualTo(before.tokenizer());

    Path other = model("other", 1, 1 << 20);
    Files.writeString(other.resolve("chat_template.jinja"), "x");
    ModelFingerprint template = ModelFingerprint.of(other);
    assertThat(template.tokenizer()).isNotEqualTo(before.tokenizer());
    assertThat(template.weights()).isEqualTo(before.weights());

    Files.writeString(other.resolve("generation_config.json"), "{\"eos_token_id\": 2}");
    assertThat(ModelFingerprint.of(other).config()).isNotEqualTo(before.config());
  }

  @Test
  void aFolderThatIsNoModelIsRefused() {
    assertThatThrownBy(() -> ModelFingerprint.of(tokenizer))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("config.json");
  }

  /** The last element of the last tensor is {@code last}; nothing else depends on it. */
  private Path model(String name, float last, long maxShardBytes) throws IOException {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new int[] {8, 4});
    shapes.put("model.norm.weight", new int[] {4});
    Path model = folder.resolve(name);
    HfExport.write(
        model,
        CONFIG,
        shapes,
        tensor -> {
          float[] values = new float[tensor.contains("norm") ? 4 : 32];
          values[values.length - 1] = tensor.contains("norm") ? last : 3;
          return values;
        },
        new ExportOptions(DType.F32, maxShardBytes, Optional.of(tokenizer)));
    return model;
  }
}
