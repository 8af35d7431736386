package org.treepo4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;

/** What executors get of a run stands for the folders of the driver. */
class RunDescriptionTest {
  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void aModel() throws IOException {
    new ClusterRuns(folder);
    model = folder.resolve("model");
  }

  @Test
  void commandsOfExecutorsStartAtTheFolderOfTheDriver() throws IOException {
    Path script = Files.writeString(folder.resolve("score.sh"), "").toRealPath();
    String relative = Path.of("").toRealPath().relativize(script).toString();
    List<String> moved = RunDescription.fromAnywhere(List.of(relative, relative, "-x", "a\0b"));
    assertThat(moved.subList(2, 4)).containsExactly("-x", "a\0b");
    for (String word : moved.subList(0, 2)) {
      assertThat(Path.of(word)).isAbsolute();
      assertThat(Path.of(word).toRealPath()).isEqualTo(script);
    }
    assertThat(RunDescription.fromAnywhere(List.of("sh", "/no/such")))
        .containsExactly("sh", "/no/such");
  }

  @Test
  void templatesInAFolderOfTheirOwnTravel() throws IOException {
    String name = "additional_chat_templates/rag.jinja";
    Files.createDirectory(model.resolve(name).getParent());
    Files.writeString(model.resolve(name), "{{ messages }}");
    Map<String, byte[]> files = RunDescription.files(model, ModelSource.readConfig(model));
    assertThat(files).containsKeys("config.json", "tokenizer.json", name);
    Path arrived = RunDescription.folder(files);
    assertThat(arrived.resolve(name)).hasContent("{{ messages }}");
    RunDescription.delete(arrived);
    assertThat(arrived).doesNotExist();
  }

  @Test
  void aHeadStoredBesideATiedEmbeddingOfAReferenceTravels() throws IOException {
    RunDescription.Frozen sent = RunDescription.Frozen.of(withStoredHead());
    Path arrived = RunDescription.folder(sent.files());
    ModelConfig config = ModelSource.readConfig(arrived);
    RunDescription.delete(arrived);
    List<Parameter> parameters =
        TensorNames.shapes(config).entrySet().stream()
            .map(tensor -> zeros(tensor.getKey(), tensor.getValue()))
            .toList();
    sent.weights().copyInto(parameters);
    Parameter head = parameters.get(parameters.size() - 1);
    assertThat(head.name()).isEqualTo(TensorNames.HEAD);
    assertThat(head.values()).containsOnly(0.5f);
  }

  @Test
  void tensorsOfAnotherModelAreRefused() {
    Tensors sent = Tensors.of(List.of(new float[3], new float[2]));
    assertThatThrownBy(() -> sent.copyInto(List.of(zeros("a", new int[] {3}))))
        .hasMessage("tensors must be those of the model, which has 1, were 2");
    assertThatThrownBy(
            () -> sent.copyInto(List.of(zeros("a", new int[] {3}), zeros("b", new int[] {4}))))
        .hasMessage("tensor b must hold 4 numbers, held 2");
  }

  /** The model with a head of halves, though its configuration says that it has none. */
  private Path withStoredHead() throws IOException {
    Path changed = folder.resolve("reference");
    try (ModelSource source = ModelSource.open(model)) {
      ModelConfig config = source.config();
      Map<String, int[]> shapes = TensorNames.shapes(config);
      int[] head = {config.vocabSize(), config.hiddenSize()};
      shapes.put(TensorNames.HEAD, head);
      float[] halves = new float[head[0] * head[1]];
      Arrays.fill(halves, 0.5f);
      HfExport.write(
          changed,
          config,
          shapes,
          name -> name.equals(TensorNames.HEAD) ? halves : source.readFloats(name),
          ExportOptions.of(DType.F32, Optional.of(model)));
    }
    return changed;
  }

  private static Parameter zeros(String name, int[] shape) {
    return new Parameter(
        name, shape, new float[Arrays.stream(shape).reduce(1, Math::multiplyExact)], true);
  }
}
