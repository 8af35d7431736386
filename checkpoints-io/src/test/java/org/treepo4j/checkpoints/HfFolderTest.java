package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.testsupport.SharedData;

class HfFolderTest {

  @Test
  void readsASingleFileInTheOldSpelling() throws IOException {
    try (HfFolder folder = HfFolder.open(SharedData.require("stories260K"))) {
      ModelConfig config = folder.config();
      assertThat(config.architecture()).isEqualTo(Architecture.LLAMA);
      assertThat(config.kvHeads()).isEqualTo(4);
      assertThat(config.ropeTheta()).isEqualTo(10_000);
      assertThat(config.tiedEmbeddings()).isTrue();
      assertThat(config.bosTokenId()).isEqualTo(1);
      assertThat(config.eosTokenIds()).containsExactly(2);
      assertThat(folder.tensorNames()).hasSize(5 * 9 + 2);
      assertThat(folder.tensor("model.embed_tokens.weight").hasShape(512, 64)).isTrue();
      assertThat(folder.readFloats("model.norm.weight")).hasSize(64).doesNotContain(Float.NaN);
    }
  }

  @Test
  void readsScaledRopeInTheNewSpelling() throws IOException {
    try (HfFolder folder = HfFolder.open(SharedData.require("models/llama3-tiny-ropescaled"))) {
      assertThat(folder.config().ropeTheta()).isEqualTo(500_000);
      assertThat(folder.config().ropeScaling()).isEqualTo(new RopeScaling.Llama3(8, 1, 4, 64));
      assertThat(folder.tensor("model.norm.weight").dtype()).isEqualTo(DType.F16);
    }
  }

  @Test
  void readsShards() throws IOException {
    try (HfFolder folder = HfFolder.open(SharedData.require("models/qwen2-tiny-sharded"))) {
      assertThat(folder.config().qkvBias()).isTrue();
      assertThat(folder.config().outputBias()).isFalse();
      assertThat(folder.config().bosTokenId()).isEqualTo(-1);
      assertThat(folder.config().eosTokenIds()).isEmpty();
      long elements = 0;
      for (String name : folder.tensorNames()) {
        float[] values = folder.readFloats(name);
        short[] bits = folder.readBf16(name);
        elements += values.length;
        for (int i = 0; i < values.length; i++) {
          assertThat(Bf16.toFloat(bits[i])).isEqualTo(values[i]);
        }
      }
      assertThat(elements).isEqualTo(150_336);
    }
  }

  /** Names of shards in an index; none may leave the folder. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "../model.safetensors",
        "a/../../model.safetensors",
        "sub/model.safetensors",
        "/etc/model.safetensors",
        "..\\\\model.safetensors",
        "C:model.safetensors",
        ".model.safetensors",
        "model.safetensors\\u0000",
        "model.bin",
        ""
      })
  void refusesShardsElsewhere(String name, @TempDir Path copy) throws IOException {
    Path source = SharedData.require("models/qwen2-tiny-sharded");
    Files.copy(source.resolve("config.json"), copy.resolve("config.json"));
    Path index = copy.resolve("model.safetensors.index.json");
    Files.writeString(index, "{\"weight_map\":{\"model.norm.weight\":\"" + name + "\"}}");
    assertThatThrownBy(() -> HfFolder.open(copy))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(index + ": ")
        .hasMessageContaining("is not the name of a .safetensors file in this folder")
        .message()
        .doesNotContain("\n");
  }

  @Test
  void refusesAnIndexThatDoesNotFitItsShards(@TempDir Path copy) throws IOException {
    Path source = SharedData.require("models/qwen2-tiny-sharded");
    try (Stream<Path> files = Files.list(source)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName().toString()));
      }
    }
    Path index = copy.resolve("model.safetensors.index.json");
    String intact = Files.readString(index);
    Files.writeString(index, intact.replace("\"model.norm.weight\"", "\"model.other.weight\""));
    assertThatThrownBy(() -> HfFolder.open(copy))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("has no tensor \"model.other.weight\", which");
    Files.writeString(
        index,
        intact.replaceFirst("\"model.norm.weight\": *\"[^\"]*\"", "\"x\": \"y.safetensors\""));
    assertThatThrownBy(() -> HfFolder.open(copy))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("y.safetensors: cannot be read: no such file");
  }
}
