package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.HeadShape.PANEL;

import org.treepo4j.checkpoints.ModelConfig;

/**
 * Keys, values and final hidden states of a few consecutive tokens in all layers with attention:
 * the unit in which the cache is handed out. A chunk begins with a small block, which makes way for
 * one of twice the capacity until that is a whole {@link HeadShape#PANEL}.
 *
 * <p>Keys are transposed, {@code [layer][kvHead][dim][capacity]}, values are {@code
 * [layer][kvHead][capacity][dim]}, hidden states {@code [capacity][hidden]}; with the latter,
 * logits after any cached token cost one product with the head. Tiles are wider than small blocks
 * and read beyond them, which the spare room at the end of the arrays allows; what they find is not
 * used.
 */
final class KvBlock {
  /** Capacity of the smallest block. */
  static final int SMALLEST = 16;

  final float[] keys;
  final float[] values;
  final float[] hidden;
  private final int capacity;
  private final int heads;
  private final int dim;

  KvBlock(ModelConfig config, int capacity) {
    this.capacity = capacity;
    this.heads = config.attentionLayers() * config.kvHeads();
    this.dim = config.headDim();
    int numbers = Math.multiplyExact(heads * dim, capacity);
    this.keys = new float[numbers + PANEL];
    this.values = new float[numbers + HeadShape.of(config).padded()];
    this.hidden = new float[capacity * config.hiddenSize()];
  }

  /** The smallest capacity that holds {@code tokens}, at most a panel. */
  static int capacityFor(int tokens) {
    int capacity = SMALLEST;
    while (capacity < Math.min(tokens, PANEL)) {
      capacity *= 2;
    }
    return capacity;
  }

  /** Bytes of one token. */
  static long bytesPerToken(ModelConfig config) {
    return Float.BYTES * (2L * config.attentionLayers() * config.kvSize() + config.hiddenSize());
  }

  int capacity() {
    return capacity;
  }

  /** Start of the keys of a head; {@code head} counts through all layers with attention. */
  int keysAt(int head) {
    return head * dim * capacity;
  }

  /** Start of the values of a head; {@code head} counts through all layers with attention. */
  int valuesAt(int head) {
    return head * capacity * dim;
  }

  /**
   * Stores one token's keys and values of one layer, {@code [kvHeads × dim]} each.
   *
   * @param firstHead the layer's first head, counted through all layers
   */
  void store(int firstHead, int kvHeads, int slot, float[] x, int k0, int v0) {
    for (int head = 0; head < kvHeads; head++) {
      int keysAt = keysAt(firstHead + head) + slot;
      for (int d = 0; d < dim; d++) {
        keys[keysAt + d * capacity] = x[k0 + head * dim + d];
      }
      int valuesAt = valuesAt(firstHead + head) + slot * dim;
      System.arraycopy(x, v0 + head * dim, values, valuesAt, dim);
    }
  }

  /** Takes over all tokens of a smaller block. */
  void copyFrom(KvBlock smaller) {
    int count = smaller.capacity;
    for (int row = 0; row < heads * dim; row++) {
      System.arraycopy(smaller.keys, row * count, keys, row * capacity, count);
    }
    for (int head = 0; head < heads; head++) {
      System.arraycopy(smaller.values, smaller.valuesAt(head), values, valuesAt(head), count * dim);
    }
    System.arraycopy(smaller.hidden, 0, hidden, 0, smaller.hidden.length);
  }
}
