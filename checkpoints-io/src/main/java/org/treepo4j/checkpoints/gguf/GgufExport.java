package org.treepo4j.checkpoints.gguf;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.TensorValues;

/**
 * Writes a model as a GGUF file that llama.cpp and what is built on it load. It undoes what {@link
 * GgufModel} does: names, order of rows, norms of Gemma. Mistral goes as {@code llama}, of which it
 * is one.
 */
public final class GgufExport {
  private final Path file;
  private final ModelConfig config;
  private final GgufNames names;
  private final GgmlType type;

  /** Names of Hugging Face by the names in the file. */
  private final Map<String, String> sources = new LinkedHashMap<>();

  private final List<GgufTensor> tensors = new ArrayList<>();
  private final float[] ropeFactors;

  private GgufExport(Path file, ModelConfig config, GgmlType type) {
    this.file = file;
    this.config = config;
    this.names = new GgufNames(config.architecture());
    this.type = type;
    this.ropeFactors =
        RopeFactors.of(config.ropeScaling(), config.ropeTheta(), config.headDim() / 2);
  }

  /**
   * Writes a file, which appears under its name as a whole. Matrices get the type asked for, or F32
   * where their rows are no whole blocks of it; norms and biases are F32.
   *
   * @param shapes names of all weight tensors, by Hugging Face's names, with their dimensions
   * @param values gives the elements of each
   * @param type F32, F16, BF16 or Q8_0
   * @param name of the model, for people
   * @param vocabulary one token for each row of the embedding
   * @throws CheckpointException when the format cannot say all of the model, or the file cannot be
   *     written
   */
  public static void write(
      Path file,
      ModelConfig config,
      Map<String, int[]> shapes,
      TensorValues values,
      GgmlType type,
      String name,
      GgufVocabulary vocabulary)
      throws CheckpointException {
    if (!type.isWritable()) {
      throw new IllegalArgumentException("type must be F32, F16, BF16 or Q8_0, was " + type);
    }
    if (GgufConfigWriter.family(config.architecture()) == null) {
      throw new CheckpointException(
          file,
          "models of the family "
              + config.architecture().modelType()
              + " cannot be written as GGUF, only llama, mistral, qwen2, qwen3, gemma2 and gemma3");
    }
    Map<String, GgufValue> metadata = GgufConfigWriter.metadata(config, name, type);
    vocabulary.writeTo(metadata);
    GgufExport export = new GgufExport(file, config, type);
    export.list(shapes);
    export.requireSame(metadata);
    GgufWriter.write(file, metadata, export.tensors, stored -> export.values(stored, values));
  }

  private void list(Map<String, int[]> shapes) {
    if (ropeFactors != null) {
      add(GgufNames.ROPE_FACTORS, List.of((long) ropeFactors.length));
    }
    shapes.forEach(
        (source, dimensions) -> {
          List<Long> shape = new ArrayList<>();
          for (int size : dimensions) {
            shape.add((long) size);
          }
          String stored = names.stored(source);
          sources.put(stored, source);
          add(stored, shape);
        });
  }

  private void add(String stored, List<Long> shape) {
    long row = shape.get(shape.size() - 1);
    boolean wanted = shape.size() > 1 && row % type.blockElements() == 0;
    GgmlType own = wanted ? type : GgmlType.F32;
    long elements = shape.stream().reduce(1L, Math::multiplyExact);
    tensors.add(
        new GgufTensor(stored, own, shape, 0, elements / own.blockElements() * own.blockBytes()));
  }

  private float[] values(String stored, TensorValues values) throws IOException {
    if (stored.equals(GgufNames.ROPE_FACTORS)) {
      return ropeFactors;
    }
    String source = sources.get(stored);
    float[] written = GgufRows.of(config, source).permuted(values.of(source));
    if (config.architecture().normsAddOne() && stored.contains("norm")) {
      written = written.clone();
      GgufModel.addToAll(written, 1);
    }
    return written;
  }

  /** Refuses a model of which the file would say something else, before any weight is written. */
  private void requireSame(Map<String, GgufValue> metadata) throws CheckpointException {
    Map<String, GgufTensor> byName = new LinkedHashMap<>();
    tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
    ModelConfig read =
        GgufConfigReader.read(new GgufMetadata(file, metadata), byName, stored -> ropeFactors);
    ModelConfig expected =
        config
            .withArchitecture(read.architecture())
            .withTokens(read.bosTokenId(), read.eosTokenIds());
    for (RecordComponent component : ModelConfig.class.getRecordComponents()) {
      Object wanted = value(component, expected);
      if (!wanted.equals(value(component, read))) {
        throw new CheckpointException(
            file,
            "a GGUF file cannot say all of this model: %s %s would be read as %s"
                .formatted(component.getName(), wanted, value(component, read)));
      }
    }
    if (config.architecture() == Architecture.GEMMA2 && config.design().caps().attention() == 0) {
      throw new CheckpointException(
          file, "a GGUF file of gemma2 always has soft caps, this model has none");
    }
  }

  private static Object value(RecordComponent component, ModelConfig config) {
    try {
      return component.getAccessor().invoke(config);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
