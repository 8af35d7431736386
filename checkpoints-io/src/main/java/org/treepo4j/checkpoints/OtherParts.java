package org.treepo4j.checkpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a folder holds around its text model: the tensors of vision and of multi-token prediction,
 * and the configuration they stand in. A text model that was trained further is written back into
 * them.
 */
final class OtherParts implements AutoCloseable {
  /** How images become input, beside the tokenizer's files. */
  static final List<String> FILES =
      List.of(
          "preprocessor_config.json", "video_preprocessor_config.json", "processor_config.json");

  private static final int MAX_CONFIG_BYTES = 4 << 20;

  private final HfFolder folder;

  private OtherParts(HfFolder folder) {
    this.folder = folder;
  }

  /**
   * Opens a folder for the parts that belong to a model; empty where it has none, or holds another
   * model.
   *
   * @throws CheckpointException when the folder cannot be read
   */
  static Optional<OtherParts> open(Path folder, ModelConfig model) throws IOException {
    if (model.architecture() != Architecture.QWEN3_5 || ModelSource.isFile(folder)) {
      return Optional.empty();
    }
    HfFolder opened = HfFolder.open(folder);
    boolean same = opened.config().untied().equals(model.untied());
    if (!same || opened.passedOver().isEmpty()) {
      opened.close();
      return Optional.empty();
    }
    return Optional.of(new OtherParts(opened));
  }

  Path path() {
    return folder.path();
  }

  /** The folder's configuration, changed only in what the written text model has otherwise. */
  ObjectNode config(ModelConfig model, DType dtype) throws CheckpointException {
    Path file = folder.path().resolve(HfConfigReader.CONFIG);
    ObjectNode outer = HostileJson.readObject(file, MAX_CONFIG_BYTES);
    for (ObjectNode json : HybridFields.levels(outer)) {
      boolean recent = json.has("dtype");
      if (recent || json.has("torch_dtype") || json == outer) {
        json.put(recent ? "dtype" : "torch_dtype", HfConfigWriter.torchName(dtype));
      }
      json.put(HybridFields.TIED, model.tiedEmbeddings());
    }
    return outer;
  }

  /** The name under which a tensor of the text model stands there. */
  String storedName(String name) {
    return folder.storedName(name);
  }

  /** The tensors that are not the text model's. */
  List<TensorSpec> tensors() throws CheckpointException {
    List<TensorSpec> tensors = new ArrayList<>();
    for (String name : folder.passedOver()) {
      TensorInfo tensor = folder.stored(name).tensors().get(name);
      tensors.add(
          new TensorSpec(
              name, tensor.dtype(), tensor.shape().stream().map(Math::toIntExact).toList()));
    }
    return tensors;
  }

  /** Copies one of {@link #tensors}, bit for bit. */
  void copy(String name, SafetensorsWriter writer) throws CheckpointException {
    writer.copy(name, folder.stored(name));
  }

  @Override
  public void close() throws IOException {
    folder.close();
  }
}
