package org.treepo4j.engines.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.RotaryFrequencies;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/**
 * The decoder-only transformer: embedding, blocks, head. The embedding is looked up and its
 * gradient scattered in Java, because SameDiff's {@code gather} differentiates wrongly.
 */
final class Network implements AutoCloseable {
  private final ModelConfig config;
  private final NativeWeights weights;
  private final Map<Rotary, RotaryTable> rotaries = new HashMap<>();
  private final Tensor rotation;
  private final List<BlockGraph> blocks = new ArrayList<>();
  private final HeadGraph head;

  Network(Weights weights) {
    this.config = weights.config();
    this.weights = new NativeWeights(weights);
    rotation = RotaryTable.rotation(config.headDim(), config.rotaryWidth());
    for (int layer = 0; layer < config.layers(); layer++) {
      config
          .rotary(layer)
          .ifPresent(
              rotary ->
                  rotaries.computeIfAbsent(
                      rotary,
                      r ->
                          new RotaryTable(
                              config.headDim(),
                              RotaryFrequencies.of(weights, r),
                              RotaryFrequencies.attentionFactor(r))));
      blocks.add(new BlockGraph(config, this.weights, rotation, layer));
    }
    head = new HeadGraph(config, this.weights);
  }

  ModelConfig config() {
    return config;
  }

  List<BlockGraph> blocks() {
    return blocks;
  }

  HeadGraph head() {
    return head;
  }

  /**
   * @param longest length of the longest path the tokens make
   * @throws IllegalArgumentException for a token outside the vocabulary or too long a path
   */
  void requireReadable(int[] tokens, int longest) {
    for (int token : tokens) {
      if (token < 0 || token >= config.vocabSize()) {
        throw new IllegalArgumentException(
            "token " + token + " is outside the vocabulary of " + config.vocabSize());
      }
    }
    if (longest > config.maxPositions()) {
      throw new IllegalArgumentException(
          "a path of "
              + longest
              + " tokens is longer than the model's "
              + config.maxPositions()
              + " positions");
    }
  }

  /**
   * What blocks need to know of rows at these positions.
   *
   * @param mask makes the mask of a window, {@code [1, 1, rows·group, columns]}
   */
  LayerRows rows(int[] positions, IntFunction<Tensor> mask) {
    return new LayerRows(config, rotaries, positions, mask);
  }

  /** Embedded tokens, {@code [tokens, hidden]}. */
  Tensor embed(int[] tokens) {
    int hidden = config.hiddenSize();
    float[] table = weights.parameter(TensorNames.EMBEDDING).values();
    float[] rows = new float[tokens.length * hidden];
    for (int t = 0; t < tokens.length; t++) {
      System.arraycopy(table, tokens[t] * hidden, rows, t * hidden, hidden);
    }
    float scale = (float) config.design().scales().embedding();
    for (int i = 0; scale != 1 && i < rows.length; i++) {
      rows[i] *= scale;
    }
    return Tensor.of(rows, tokens.length, hidden);
  }

  /** Adds the derivative by {@link #embed}'s result to the embedding's gradient. */
  void embedBackward(int[] tokens, Tensor rowGradient) {
    Parameter embedding = weights.parameter(TensorNames.EMBEDDING);
    if (!embedding.trainable()) {
      return;
    }
    int hidden = config.hiddenSize();
    float[] rows = rowGradient.toFloats();
    float[] gradient = embedding.gradient();
    float scale = (float) config.design().scales().embedding();
    for (int t = 0; t < tokens.length; t++) {
      int row = tokens[t] * hidden;
      for (int i = 0; i < hidden; i++) {
        gradient[row + i] += scale * rows[t * hidden + i];
      }
    }
  }

  /** Number of the lowest block with trainable weights below or in it; gradients end there. */
  int lowestTrained() {
    if (weights.parameter(TensorNames.EMBEDDING).trainable()) {
      return 0;
    }
    for (int layer = 0; layer < blocks.size(); layer++) {
      if (blocks.get(layer).trainable()) {
        return layer;
      }
    }
    return blocks.size();
  }

  /** Copies changed weights to ND4J; the embedding is read from the Java side. */
  void refresh() {
    weights.refresh();
  }

  @Override
  public void close() {
    rotation.close();
    weights.close();
  }
}
