package org.treepo4j.engines.vector;

import java.util.Arrays;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * What the linear layers of a model know of a path: a matrix for each value head, and the last
 * inputs of each convolution. Unlike keys and values it cannot be shared by paths that go on
 * differently; until one of them writes, it is ({@link DeltaStates}).
 */
final class DeltaState {
  /** Tokens that are kept beside a state before they are put into it. */
  static final int KEPT = 8;

  /** {@code [linear layers × valueHeads × keyDim × valuePadded]}. */
  final float[][] matrices;

  /** Keys of the tokens kept, {@code [linear layers][KEPT × keySize]}. */
  final float[][] keys;

  /** What these wrote, {@code [linear layers][KEPT × valueHeads × valuePadded]}. */
  final float[][] writes;

  /**
   * Decays since the matrix was written, and since each token kept, {@code [linear layers][1 + KEPT
   * × valueHeads]}.
   */
  final float[][] factors;

  /** How many tokens are kept, by linear layer. */
  final int[] kept;

  /** {@code [linear layers][convWidth − 1 × convSize]}, that of a position at its remainder. */
  final float[][] inputs;

  /** Paths and snapshots that hold it. */
  private int holders = 1;

  DeltaState(ModelConfig config) {
    DeltaRule rule = config.design().deltaRule();
    int layers = config.layers() - config.attentionLayers();
    matrices = new float[layers][matrixSize(rule)];
    keys = new float[layers][KEPT * rule.keySize()];
    writes = new float[layers][KEPT * writtenSize(rule)];
    factors = new float[layers][(1 + KEPT) * rule.valueHeads()];
    kept = new int[layers];
    inputs = new float[layers][inputSize(rule)];
  }

  /** Bytes of a state. */
  static long bytes(ModelConfig config) {
    DeltaRule rule = config.design().deltaRule();
    return rule == null
        ? 0
        : (long) Float.BYTES
            * (config.layers() - config.attentionLayers())
            * (matrixSize(rule)
                + KEPT * (rule.keySize() + writtenSize(rule))
                + (1 + KEPT) * rule.valueHeads()
                + inputSize(rule));
  }

  private static int writtenSize(DeltaRule rule) {
    return rule.valueHeads() * DeltaProducts.padded(rule.valueDim());
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
      int tokens = other.kept[layer];
      kept[layer] = tokens;
      System.arraycopy(other.keys[layer], 0, keys[layer], 0, keys[layer].length / KEPT * tokens);
      System.arraycopy(
          other.writes[layer], 0, writes[layer], 0, writes[layer].length / KEPT * tokens);
      System.arraycopy(other.factors[layer], 0, factors[layer], 0, factors[layer].length);
      System.arraycopy(other.inputs[layer], 0, inputs[layer], 0, inputs[layer].length);
    }
  }

  /** The state before any token. */
  void clear() {
    for (int layer = 0; layer < matrices.length; layer++) {
      Arrays.fill(matrices[layer], 0f);
      Arrays.fill(inputs[layer], 0f);
    }
    Arrays.fill(kept, 0);
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
