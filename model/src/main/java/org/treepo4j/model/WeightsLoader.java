package org.treepo4j.model;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.TensorInfo;

/** Fills the weights of a model from a Hugging Face folder, all of them trainable, in float32. */
public final class WeightsLoader {
  private static final int MOST_NAMED = 5;

  private WeightsLoader() {}

  /**
   * Reads every tensor that the folder's configuration asks for. A head stored beside a tied
   * embedding is left alone, as Transformers does.
   *
   * @throws CheckpointException when a tensor is missing, has another shape or another type, or
   *     when the folder holds tensors that a model of this configuration does not have
   */
  public static Weights load(HfFolder folder) throws IOException {
    check(folder);
    ModelConfig config = folder.config();
    Map<String, int[]> shapes = TensorNames.shapes(config);
    List<Parameter> parameters = new ArrayList<>();
    for (Map.Entry<String, int[]> tensor : shapes.entrySet()) {
      String name = tensor.getKey();
      parameters.add(new Parameter(name, tensor.getValue(), folder.readFloats(name), true));
    }
    return new Weights(config, parameters);
  }

  /**
   * Refuses what {@link #load} refuses for names and shapes, without reading a tensor.
   *
   * @throws CheckpointException as {@link #load}
   */
  public static void check(HfFolder folder) throws CheckpointException {
    Map<String, int[]> shapes = TensorNames.shapes(folder.config());
    refuseUnknown(folder, shapes);
    for (Map.Entry<String, int[]> expected : shapes.entrySet()) {
      check(folder, expected.getKey(), expected.getValue());
    }
  }

  private static void check(HfFolder folder, String name, int[] shape) throws CheckpointException {
    if (!folder.tensorNames().contains(name)) {
      throw new CheckpointException(
          folder.path(),
          "has no tensor %s of shape %s, which its config.json (%s) asks for"
              .formatted(name, Arrays.toString(shape), folder.config().architecture().modelType()));
    }
    TensorInfo stored = folder.tensor(name);
    if (!stored.hasShape(shape)) {
      throw new CheckpointException(
          folder.path(),
          "tensor %s has shape %s, but config.json asks for %s"
              .formatted(name, stored.shape(), Arrays.toString(shape)));
    }
  }

  private static void refuseUnknown(HfFolder folder, Map<String, int[]> shapes)
      throws CheckpointException {
    TreeSet<String> unknown = new TreeSet<>(folder.tensorNames());
    unknown.removeAll(shapes.keySet());
    if (folder.config().tiedEmbeddings()) {
      unknown.remove(TensorNames.HEAD);
    }
    if (!unknown.isEmpty()) {
      List<String> named = unknown.stream().limit(MOST_NAMED).toList();
      throw new CheckpointException(
          folder.path(),
          "holds %d tensor(s) that a %s model of this config.json does not have: %s%s"
              .formatted(
                  unknown.size(),
                  folder.config().architecture().modelType(),
                  String.join(", ", named),
                  unknown.size() > MOST_NAMED ? ", …" : ""));
    }
  }
}
