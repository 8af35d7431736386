package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.ModelConfig;

/**
 * How queries, keys and values are arranged for attention.
 *
 * @param heads query heads
 * @param kvHeads key/value heads
 * @param dim width of a head
 * @param padded {@code dim} rounded up to whole tiles
 * @param scale of products of queries and keys
 * @param cap soft cap on scores, 0 for none
 */
record HeadShape(int heads, int kvHeads, int dim, int padded, float scale, float cap) {
  /** Keys per panel: attention scores come in tiles of this many columns. */
  static final int PANEL = Math.max(64, GemmKernel.NARROW);

  static HeadShape of(ModelConfig config) {
    int tile = GemmKernel.NARROW;
    int padded = (config.headDim() + tile - 1) / tile * tile;
    return new HeadShape(
        config.heads(),
        config.kvHeads(),
        config.headDim(),
        padded,
        (float) config.attentionScale(),
        (float) config.design().caps().attention());
  }

  /** Query heads that share a key/value head. */
  int group() {
    return heads / kvHeads;
  }

  int querySize() {
    return heads * dim;
  }

  int kvSize() {
    return kvHeads * dim;
  }
}
