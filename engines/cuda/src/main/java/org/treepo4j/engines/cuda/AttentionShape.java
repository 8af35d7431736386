package org.treepo4j.engines.cuda;

import org.treepo4j.checkpoints.ModelConfig;

/**
 * How queries, keys and values are arranged for attention.
 *
 * @param heads query heads
 * @param kvHeads key/value heads, a divisor of {@code heads}
 * @param dim width of a head, at most {@link #MOST_DIM}
 * @param scale of products of queries and keys
 * @param cap soft cap on scores, 0 for none
 */
record AttentionShape(int heads, int kvHeads, int dim, float scale, float cap) {
  static final int MOST_DIM = 256;

  AttentionShape {
    if (dim > MOST_DIM) {
      throw new IllegalArgumentException("heads are at most " + MOST_DIM + " wide, was " + dim);
    }
  }

  static AttentionShape of(ModelConfig config) {
    return new AttentionShape(
        config.heads(),
        config.kvHeads(),
        config.headDim(),
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
