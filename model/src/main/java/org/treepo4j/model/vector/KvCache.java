package org.treepo4j.model.vector;

import java.util.ArrayDeque;
import java.util.Deque;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CacheFullException;

/** The memory of a decoder: blocks are handed out, given back and handed out again. */
final class KvCache {
  private final ModelConfig config;
  private final HeadShape shape;
  private final long maxBytes;
  private final long blockBytes;
  private final Deque<KvBlock> free = new ArrayDeque<>();
  private long used;
  private long tokens;

  KvCache(ModelConfig config, HeadShape shape, long maxBytes) {
    this.config = config;
    this.shape = shape;
    this.maxBytes = maxBytes;
    this.blockBytes = KvBlock.bytes(config, shape);
  }

  /** Bytes of the blocks that are handed out. */
  long usedBytes() {
    return used * blockBytes;
  }

  /** Tokens that are held. */
  long tokens() {
    return tokens;
  }

  void countTokens(int change) {
    tokens += change;
  }

  /**
   * @throws CacheFullException when {@code blocks} more would exceed the limit
   */
  void require(long blocks) {
    long needed = (used + blocks) * blockBytes;
    if (needed > maxBytes) {
      throw new CacheFullException(needed, maxBytes);
    }
  }

  KvBlock take() {
    require(1);
    used++;
    KvBlock block = free.poll();
    return block == null ? new KvBlock(config, shape) : block;
  }

  void giveBack(KvBlock block) {
    used--;
    free.push(block);
  }
}
