package org.treepo4j.rl.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;
import org.treepo4j.tokenizer.Tokenizer;

class TrainingInputsTest {
  private static final Path TOKENIZER =
      Path.of(System.getProperty("treepo.root", ".."), "examples/chain-sums/tokenizer");

  @TempDir Path folder;

  @Test
  void aHeadStoredBesideATiedEmbeddingIsCounted() throws IOException {
    Path tasks =
        Files.writeString(
            folder.resolve("tasks.jsonl"), "{\"prompt\":\"1+1=\",\"answer\":\"2\"}\n");
    ModelConfig tied = config(true);
    Weights weights = RandomWeights.create(tied, 3);
    Map<String, int[]> shapes = weights.shapes();
    int head = tied.vocabSize() * tied.hiddenSize();
    shapes.put(TensorNames.HEAD, new int[] {tied.vocabSize(), tied.hiddenSize()});
    Path model = folder.resolve("model");
    HfExport.write(
        model,
        tied,
        shapes,
        name -> name.equals(TensorNames.HEAD) ? new float[head] : weights.parameter(name).values(),
        ExportOptions.of(DType.F32, Optional.of(TOKENIZER)));
    TrainSettings settings =
        SettingsReader.read(
            TrainSettings.class,
            Files.writeString(folder.resolve("train.yaml"), "output: run\nengine: vector\n"),
            List.of("model=" + model, "data.train=[" + tasks + "]", "data.test=[" + tasks + "]"));
    TrainingInputs inputs = TrainingInputs.open(settings);
    assertThat(inputs.config().tiedEmbeddings()).isFalse();
    assertThat(inputs.memory(settings).parameters())
        .isEqualTo(MemoryEstimate.of(settings, tied, 1).parameters() + head);
  }

  @Test
  void anAdapterOfTheHeadCountsWithTheMergedMatrixAndItsGradient() throws IOException {
    Path file = Files.writeString(folder.resolve("lora.yaml"), "output: run\nengine: vector\n");
    ModelConfig config = config(false);
    List<String> set = List.of("model=m", "data.train=[" + file + "]", "lora.rank=4");
    TrainSettings layers = SettingsReader.read(TrainSettings.class, file, set);
    TrainSettings withHead =
        Settings.of(layers).set("lora.targetModules", List.of("q_proj", "lm_head")).build();
    TrainSettings without =
        Settings.of(layers).set("lora.targetModules", List.of("q_proj")).build();
    long head = (long) config.vocabSize() * config.hiddenSize();
    assertThat(MemoryEstimate.of(withHead, config, 1).engineCopy())
        .isEqualTo(MemoryEstimate.of(without, config, 1).engineCopy() + 2 * Float.BYTES * head);
  }

  private static ModelConfig config(boolean tied) throws IOException {
    Tokenizer tokenizer = Tokenizer.load(TOKENIZER);
    return new ModelConfig(
        Architecture.LLAMA,
        tokenizer.vocabSize(),
        32,
        2,
        2,
        1,
        16,
        48,
        64,
        1e-6,
        10_000,
        RopeScaling.NONE,
        false,
        false,
        false,
        tied,
        -1,
        List.of(1));
  }
}
