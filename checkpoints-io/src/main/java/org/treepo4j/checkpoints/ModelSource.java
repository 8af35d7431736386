package org.treepo4j.checkpoints;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.treepo4j.checkpoints.gguf.GgufModel;

/**
 * A model on disk, opened and validated without loading tensors: a Hugging Face folder or a GGUF
 * file. Tensors go by the names and layout of Hugging Face in either. Reading is safe from several
 * threads; whether the tensors are those that the configuration asks for is the business of whoever
 * loads them.
 */
public interface ModelSource extends AutoCloseable {

  /**
   * Opens a folder or a file; it stays open until {@link #close()}.
   *
   * @throws CheckpointException with the file and what is wrong with it
   */
  static ModelSource open(Path path) throws CheckpointException {
    if (isFile(path)) {
      return GgufModel.open(path);
    }
    requireModel(path);
    return HfFolder.open(path);
  }

  /**
   * The configuration alone, for a folder that may have no weights yet.
   *
   * @throws CheckpointException with the file and what is wrong with it
   */
  static ModelConfig readConfig(Path path) throws CheckpointException {
    if (isFile(path)) {
      try (GgufModel model = GgufModel.open(path)) {
        return model.config();
      } catch (IOException e) {
        throw CheckpointException.of(path, "cannot be read", e);
      }
    }
    requireModel(path);
    return HfFolder.readConfig(path);
  }

  /** The {@link #notes()} on the configuration alone, as {@link #readConfig} reads it. */
  static List<String> configNotes(Path path) throws CheckpointException {
    return isFile(path) ? List.of() : HfConfigReader.notes(path);
  }

  /** Whether there are weights; they may still be incomplete. */
  static boolean hasWeights(Path path) {
    return isFile(path) || HfFolder.hasWeights(path);
  }

  /** Whether the path stands for a GGUF file: it is a file, or named as one and not there. */
  static boolean isFile(Path path) {
    boolean named = path.toString().endsWith(".gguf");
    return Files.isRegularFile(path) || (named && !Files.exists(path));
  }

  /**
   * Refuses a folder that holds no model; {@link #open} does, too.
   *
   * @throws CheckpointException saying what it holds where that is an adapter or a run
   */
  static void requireModel(Path path) throws CheckpointException {
    if (!Files.isDirectory(path) || Files.exists(path.resolve(HfConfigReader.CONFIG))) {
      return;
    }
    if (PeftAdapter.isIn(path)) {
      throw new CheckpointException(
          path,
          "is a folder that holds a LoRA adapter: give it as --adapter, and as --model the model it is for");
    }
    CheckpointStore.requireNoRun(path);
    throw new CheckpointException(
        path, "is a folder that holds no model (no " + HfConfigReader.CONFIG + ")");
  }

  /** The folder or file, for messages. */
  Path path();

  ModelConfig config();

  /** What users should know of how the model is read, each on a line; most often nothing. */
  default List<String> notes() {
    return List.of();
  }

  /** What the configuration is called in messages: {@code config.json}. */
  String configName();

  /** Names of all weight tensors, as Hugging Face names them. */
  Set<String> tensorNames();

  /** The name that a tensor has, or would have, in the file; for messages. */
  String storedName(String name);

  /**
   * The dimensions of a tensor, outermost first.
   *
   * @throws CheckpointException when there is none of that name
   */
  List<Long> shape(String name) throws CheckpointException;

  /**
   * The elements of a tensor in float32, row-major.
   *
   * @throws CheckpointException when there is none of that name, or it cannot be read
   */
  float[] readFloats(String name) throws CheckpointException;

  /** The number types in use with the elements of each, by name. */
  Map<String, Long> elementsByType();

  @Override
  void close() throws IOException;
}
