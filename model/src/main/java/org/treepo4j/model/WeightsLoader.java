package org.treepo4j.model;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;

/** Fills the weights of a model from a model on disk, all of them trainable, in float32. */
public final class WeightsLoader {
  private static final Logger LOG = LoggerFactory.getLogger(WeightsLoader.class);
  private static final int MOST_NAMED = 5;

  private WeightsLoader() {}

  /**
   * Reads every tensor that its configuration asks for. A head stored beside a tied embedding is
   * left alone where it is the embedding, and used where it is another.
   *
   * @throws CheckpointException when a tensor is missing, has another shape or another type, or
   *     when there are tensors that a model of this configuration does not have
   */
  public static Weights load(ModelSource source) throws IOException {
    check(source);
    source.notes().forEach(LOG::warn);
    ModelConfig config = source.config();
    Map<String, int[]> shapes = TensorNames.shapes(config);
    List<Parameter> parameters = new ArrayList<>();
    for (Map.Entry<String, int[]> tensor : shapes.entrySet()) {
      String name = tensor.getKey();
      parameters.add(new Parameter(name, tensor.getValue(), source.readFloats(name), true));
    }
    return new Weights(config, parameters);
  }

  /**
   * Refuses what {@link #load} refuses for names and shapes, without reading a tensor.
   *
   * @throws CheckpointException as {@link #load}
   */
  public static void check(ModelSource source) throws CheckpointException {
    Map<String, int[]> shapes = TensorNames.shapes(source.config());
    refuseUnknown(source, shapes);
    for (Map.Entry<String, int[]> expected : shapes.entrySet()) {
      check(source, expected.getKey(), expected.getValue());
    }
  }

  private static void check(ModelSource source, String name, int[] shape)
      throws CheckpointException {
    if (!source.tensorNames().contains(name)) {
      throw new CheckpointException(
          source.path(),
          "has no tensor %s of shape %s, which its %s (%s) asks for"
              .formatted(
                  source.storedName(name),
                  Arrays.toString(shape),
                  source.configName(),
                  source.config().architecture().modelType()));
    }
    List<Long> stored = source.shape(name);
    if (!stored.equals(Arrays.stream(shape).mapToObj(Long::valueOf).toList())) {
      throw new CheckpointException(
          source.path(),
          "tensor %s has shape %s, but its %s asks for %s"
              .formatted(
                  source.storedName(name), stored, source.configName(), Arrays.toString(shape)));
    }
  }

  private static void refuseUnknown(ModelSource source, Map<String, int[]> shapes)
      throws CheckpointException {
    TreeSet<String> unknown = new TreeSet<>(source.tensorNames());
    unknown.removeAll(shapes.keySet());
    if (source.config().tiedEmbeddings()) {
      unknown.remove(TensorNames.HEAD);
    }
    if (!unknown.isEmpty()) {
      List<String> named = unknown.stream().limit(MOST_NAMED).toList();
      throw new CheckpointException(
          source.path(),
          "holds %d tensor(s) that a %s model of this %s does not have: %s%s"
              .formatted(
                  unknown.size(),
                  source.config().architecture().modelType(),
                  source.configName(),
                  String.join(", ", named),
                  unknown.size() > MOST_NAMED ? ", …" : ""));
    }
  }
}
