package org.treepo4j.model.vector;

import static org.treepo4j.model.vector.HeadShape.PANEL;

import org.treepo4j.checkpoints.ModelConfig;

/**
 * Keys, values and final hidden states of up to {@link HeadShape#PANEL} consecutive tokens in all
 * layers: the unit in which the cache is handed out.
 *
 * <p>Keys are transposed, {@code [layer][kvHead][dim][PANEL]}, values are {@code
 * [layer][kvHead][PANEL][padded]}, hidden states {@code [PANEL][hidden]}; with the latter, logits
 * after any cached token cost one product with the head.
 */
final class KvBlock {
  final float[] keys;
  final float[] values;
  final float[] hidden;
  private final HeadShape shape;

  KvBlock(ModelConfig config, HeadShape shape) {
    this.shape = shape;
    this.keys = new float[keysSize(config)];
    this.values = new float[valuesSize(config, shape)];
    this.hidden = new float[PANEL * config.hiddenSize()];
  }

  /** Start of the keys of a head. */
  int keysAt(int layer, int head) {
    return (layer * shape.kvHeads() + head) * shape.dim() * PANEL;
  }

  /** Start of the values of a head. */
  int valuesAt(int layer, int head) {
    return (layer * shape.kvHeads() + head) * PANEL * shape.padded();
  }

  /** Stores one token's keys and values of one layer, {@code [kvHeads × dim]} each. */
  void store(int layer, int slot, float[] k, int k0, float[] v, int v0) {
    int dim = shape.dim();
    for (int head = 0; head < shape.kvHeads(); head++) {
      int keysAt = keysAt(layer, head) + slot;
      for (int d = 0; d < dim; d++) {
        keys[keysAt + d * PANEL] = k[k0 + head * dim + d];
      }
      int valuesAt = valuesAt(layer, head) + slot * shape.padded();
      System.arraycopy(v, v0 + head * dim, values, valuesAt, dim);
    }
  }

  static long bytes(ModelConfig config, HeadShape shape) {
    return Float.BYTES
        * ((long) keysSize(config)
            + valuesSize(config, shape)
            + (long) PANEL * config.hiddenSize());
  }

  private static int keysSize(ModelConfig config) {
    return Math.multiplyExact(config.layers() * config.kvSize(), PANEL);
  }

  private static int valuesSize(ModelConfig config, HeadShape shape) {
    return Math.multiplyExact(config.layers() * config.kvHeads() * shape.padded(), PANEL);
  }
}
