package org.treepo4j.checkpoints.gguf;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;

/**
 * The model of a GGUF file, with the names and the layout of Hugging Face. What converters change
 * is changed back: files of Llama have the rows of queries and keys in another order, so that the
 * two elements of a rotary pair are neighbours, and norms of Gemma are stored with 1 added.
 */
public final class GgufModel implements ModelSource {
  private final GgufFile file;
  private final ModelConfig config;
  private final GgufNames names;
  private final Map<String, GgufTensor> tensors;

  private GgufModel(
      GgufFile file, ModelConfig config, GgufNames names, Map<String, GgufTensor> tensors) {
    this.file = file;
    this.config = config;
    this.names = names;
    this.tensors = tensors;
  }

  /**
   * Opens a file; it stays open until {@link #close()}.
   *
   * @throws CheckpointException with the file and what is wrong with it
   */
  public static GgufModel open(Path path) throws CheckpointException {
    GgufFile file = GgufFile.open(path);
    boolean done = false;
    try {
      ModelConfig config = GgufConfigReader.read(file);
      GgufNames names = new GgufNames(config.architecture());
      Map<String, GgufTensor> tensors = new LinkedHashMap<>();
      for (GgufTensor tensor : file.tensors().values()) {
        if (!tensor.name().equals(GgufNames.ROPE_FACTORS)) {
          file.requireReadable(tensor);
          tensors.put(names.huggingFace(tensor.name()).orElse(tensor.name()), tensor);
        }
      }
      done = true;
      return new GgufModel(file, config, names, tensors);
    } finally {
      if (!done) {
        closeQuietly(file);
      }
    }
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public String configName() {
    return "metadata";
  }

  /** All of the file's metadata. */
  public GgufMetadata metadata() {
    return file.metadata();
  }

  @Override
  public Set<String> tensorNames() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  @Override
  public String storedName(String name) {
    return tensors.containsKey(name) ? tensors.get(name).name() : names.stored(name);
  }

  @Override
  public List<Long> shape(String name) throws CheckpointException {
    return tensor(name).shape();
  }

  /**
   * The elements of a tensor, dequantised.
   *
   * @throws CheckpointException when there is none of that name, or it holds NaN or infinity
   */
  @Override
  public float[] readFloats(String name) throws CheckpointException {
    GgufTensor tensor = tensor(name);
    float[] values = file.readFloats(tensor.name());
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new CheckpointException(
            path(),
            "tensor %s (%s) holds %s"
                .formatted(
                    quoted(tensor.name()),
                    tensor.type(),
                    Float.isNaN(value) ? "NaN" : "infinite values"));
      }
    }
    if (config.architecture().normsAddOne() && tensor.name().contains("norm")) {
      addToAll(values, -1);
    }
    return GgufRows.of(config, name).unpermuted(values);
  }

  static void addToAll(float[] values, float term) {
    for (int i = 0; i < values.length; i++) {
      values[i] += term;
    }
  }

  @Override
  public Map<String, Long> elementsByType() {
    Map<String, Long> elements = new TreeMap<>();
    for (GgufTensor tensor : tensors.values()) {
      elements.merge(tensor.type().name(), tensor.elements(), Long::sum);
    }
    return elements;
  }

  private GgufTensor tensor(String name) throws CheckpointException {
    GgufTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new CheckpointException(path(), "has no tensor " + quoted(storedName(name)));
    }
    return tensor;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  private static void closeQuietly(GgufFile file) {
    try {
      file.close();
    } catch (IOException e) {
      // The refusal of the file is on its way to the caller and says more.
    }
  }
}
