package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
        .hasMessageContaining("y.safetensors: no such file");
  }

  @Test
  void aStoredHeadThatDiffersFromTheTiedEmbeddingIsKeptAndTold(@TempDir Path folder)
      throws IOException {
    writeTied(folder, 0);
    try (HfFolder same = HfFolder.open(folder)) {
      assertThat(same.config().tiedEmbeddings()).isTrue();
      assertThat(same.notes()).isEmpty();
    }
    writeTied(folder, 1e-7f);
    try (HfFolder other = HfFolder.open(folder)) {
      assertThat(other.config().tiedEmbeddings()).isFalse();
      assertThat(other.notes()).hasSize(1).first().asString().contains("lm_head.weight");
    }
  }

  private static void writeTied(Path folder, float difference) throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type":"llama","hidden_size":4,"num_hidden_layers":1,"num_attention_heads":2,
        "intermediate_size":4,"vocab_size":3,"max_position_embeddings":8,"tie_word_embeddings":true}
        """);
    List<TensorSpec> specs =
        List.of(
            TensorSpec.of("model.embed_tokens.weight", DType.F32, 3, 4),
            TensorSpec.of("lm_head.weight", DType.F32, 3, 4));
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(folder.resolve("model.safetensors"), specs, Map.of())) {
      writer.writeFloats("model.embed_tokens.weight", new float[12]);
      float[] head = new float[12];
      head[11] = difference;
      writer.writeFloats("lm_head.weight", head);
      writer.finish();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          version https://git-lfs.github.com/spec/v1 | Git LFS pointer, not the file itself: run git lfs pull
          <html><body>404</body></html>              | HTML page
          Entry not found                            | is text
          {"error":"Repository is gated"}            | is text
          PAR1xxxxPAR1                               | is a Parquet file
          GGUFxxxxxxxx                               | is a GGUF file
          """)
  void weightsThatAreNoneAreNamed(String content, String problem, @TempDir Path folder)
      throws IOException {
    writeTied(folder, 0);
    Files.writeString(folder.resolve("model.safetensors"), content);
    assertThatThrownBy(() -> HfFolder.open(folder))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("model.safetensors: ")
        .hasMessageContaining(problem);
  }

  @Test
  void halfADownloadIsNamed(@TempDir Path folder) throws IOException {
    writeTied(folder, 0);
    Path weights = folder.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(weights);
    for (int bytes : new int[] {whole.length - 1, whole.length - 60, 100}) {
      Files.write(weights, java.util.Arrays.copyOf(whole, bytes));
      assertThatThrownBy(() -> HfFolder.open(folder)).hasMessageContaining("download it again");
    }
    Files.write(weights, new byte[5000]);
    assertThatThrownBy(() -> HfFolder.open(folder)).hasMessageContaining("unfinished download");
    Files.write(weights, new byte[0]);
    assertThatThrownBy(() -> HfFolder.open(folder)).hasMessageContaining("is empty");
  }
}
