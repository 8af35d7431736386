package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * What the linear layers of a model know of a path: a matrix for each value head, and the last
 * inputs of each convolution. Unlike keys and values it cannot be shared by paths that go on
 * differently; until one of them writes, it is ({@link DeltaStates}).
 */
final class DeltaState {
  /** {@code [linear layers × valueHeads × keyDim × valuePadded]}. */
  final float[][] matrices;

  /** {@code [linear layers][convWidth − 1 × convSize]}, the oldest first. */
  final float[][] inputs;

  /** Paths and snapshots that hold it. */
  private int holders = 1;

  DeltaState(ModelConfig config) {
    DeltaRule rule = config.design().deltaRule();
    int layers = config.layers() - config.attentionLayers();
    matrices = new float[layers][matrixSize(rule)];
    inputs = new float[layers][inputSize(rule)];
  }

  /** Bytes of a state. */
  static long bytes(ModelConfig config) {
    DeltaRule rule = config.design().deltaRule();
    return rule == null
        ? 0
        : (long) Float.BYTES
            * (config.layers() - config.attentionLayers())
            * (matrixSize(rule) + inputSize(rule));
  }

  private static int matrixSize(DeltaRule rule) {
    return Math.multiplyExact(rule.valueHeads(), DeltaProducts.stateSize(rule));
  }

  private static int inputSize(DeltaRule rule) {
    return (rule.convWidth() - 1) * rule.convSize();
  }

  void copyFrom(DeltaState other) {
    for (int layer = 0; layer < matrices.length; layer++) {
      System.arraycopy(other.matrices[layer], 0, matrices[layer], 0, matrices[layer].length);
      System.arraycopy(other.inputs[layer], 0, inputs[layer], 0, inputs[layer].length);
    }
  }

  /** The state before any token. */
  void clear() {
    for (int layer = 0; layer < matrices.length; layer++) {
      java.util.Arrays.fill(matrices[layer], 0f);
      java.util.Arrays.fill(inputs[layer], 0f);
    }
  }

  int holders() {
    return holders;
  }

  void hold() {
    holders++;
  }

  /** Returns whether nobody holds it any more. */
  boolean letGo() {
    return --holders == 0;
  }
}
