package org.treepo4j.rl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.base.InputException;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.TensorNames;
import org.treepo4j.rl.TrainingRun;
import org.treepo4j.tokenizer.Tokenizer;

/** What the driver of a cluster needs is known, and asked for before anything expensive. */
class DriverMemoryTest {
  private static final Path TOKENIZER =
      Path.of(System.getProperty("treepo.root", ".."), "examples/chain-sums/tokenizer");

  @TempDir Path folder;

  @Test
  void itHoldsWhatIsTrainedAndWhatGoesToExecutors() throws IOException {
    ModelConfig config = config(4096);
    MemoryEstimate all = MemoryEstimate.of(settings(), config, 1);
    assertThat(all.ofDriver()).isGreaterThanOrEqualTo(20 * all.parameters());
    MemoryEstimate adapters = MemoryEstimate.of(settings("lora.rank=2"), config, 1);
    assertThat(adapters.ofDriver())
        .isGreaterThanOrEqualTo(8 * adapters.parameters() + 20 * adapters.trained())
        .isLessThan(all.ofDriver());
    assertThatCode(() -> all.requireOnDriver(all.ofDriver())).doesNotThrowAnyException();
    assertThatThrownBy(() -> all.requireOnDriver(all.ofDriver() - 1))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("memory: the driver needs about ");
  }

  @Test
  void itIsRefusedBeforeTheClusterIsAsked() throws IOException {
    long numbers = Runtime.getRuntime().maxMemory() / 20;
    ModelConfig config = config((int) (numbers / 3 / 32));
    Path model = Files.createDirectories(folder.resolve("model"));
    HfExport.writeInto(
        model,
        config,
        Map.of(),
        name -> new float[0],
        ExportOptions.of(DType.F32, Optional.of(TOKENIZER)));
    writeZeros(model.resolve("model.safetensors"), TensorNames.shapes(config));
    assertThatThrownBy(
            () ->
                TrainingRun.of(settings())
                    .cluster(
                        () -> {
                          throw new AssertionError("the cluster was asked");
                        })
                    .run())
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("memory: the driver needs about ");
    assertThat(folder.resolve("run")).doesNotExist();
  }

  /** A safetensors file that takes no room: what is not written of a file are zeros. */
  private static void writeZeros(Path file, Map<String, int[]> shapes) throws IOException {
    List<String> tensors = new ArrayList<>();
    long end = 0;
    for (Map.Entry<String, int[]> tensor : shapes.entrySet()) {
      long begin = end;
      List<String> shape = new ArrayList<>();
      long numbers = 1;
      for (int size : tensor.getValue()) {
        numbers *= size;
        shape.add(String.valueOf(size));
      }
      end += Float.BYTES * numbers;
      tensors.add(
          "\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
              .formatted(tensor.getKey(), String.join(",", shape), begin, end));
    }
    byte[] header = ("{" + String.join(",", tensors) + "}").getBytes(StandardCharsets.UTF_8);
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      out.write(length.putLong(header.length).array());
      out.write(header);
      out.setLength(Long.BYTES + header.length + end);
    }
  }

  private TrainSettings settings(String... more) throws IOException {
    Path tasks =
        Files.writeString(
            folder.resolve("tasks.jsonl"), "{\"prompt\":\"1+1=\",\"answer\":\"2\"}\n");
    List<String> all = new ArrayList<>(List.of(more));
    all.addAll(
        List.of(
            "model=" + folder.resolve("model"),
            "output=" + folder.resolve("run"),
            "engine=vector",
            "loss.kl=none",
            "data.train=[" + tasks + "]",
            "data.test=[" + tasks + "]"));
    return SettingsReader.read(
        TrainSettings.class, Files.writeString(folder.resolve("train.yaml"), "seed: 1\n"), all);
  }

  private static ModelConfig config(int ffnSize) throws IOException {
    Tokenizer tokenizer = Tokenizer.load(TOKENIZER);
    return new ModelConfig(
        Architecture.LLAMA,
        tokenizer.vocabSize(),
        32,
        1,
        2,
        1,
        16,
        ffnSize,
        64,
        1e-6,
        10_000,
        RopeScaling.NONE,
        false,
        false,
        false,
        true,
        -1,
        List.of(tokenizer.id("<eos>").orElse(1)));
  }
}
