package org.treepo4j.engines.vector;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CacheFullException;

/** The memory of a decoder: blocks are handed out, given back and handed out again. */
final class KvCache {
  private final ModelConfig config;
  private final long maxBytes;
  private final long tokenBytes;
  private final Map<Integer, Deque<KvBlock>> free = new HashMap<>();
  private long usedCapacity;
  private long freeCapacity;
  private long tokens;

  KvCache(ModelConfig config, long maxBytes) {
    this.config = config;
    this.maxBytes = maxBytes;
    this.tokenBytes = KvBlock.bytesPerToken(config);
  }

  /** Bytes of the blocks that are handed out. */
  long usedBytes() {
    return usedCapacity * tokenBytes;
  }

  /** Tokens that are held. */
  long tokens() {
    return tokens;
  }

  void countTokens(int change) {
    tokens += change;
  }

  /**
   * @throws CacheFullException when room for {@code capacity} more tokens would exceed the limit
   */
  void require(long capacity) {
    long needed = (usedCapacity + capacity) * tokenBytes;
    if (needed > maxBytes) {
      throw new CacheFullException(needed, maxBytes);
    }
  }

  KvBlock take(int capacity) {
    usedCapacity += capacity;
    KvBlock block = free.computeIfAbsent(capacity, c -> new ArrayDeque<>()).poll();
    if (block != null) {
      freeCapacity -= capacity;
      return block;
    }
    if ((usedCapacity + freeCapacity) * tokenBytes > maxBytes) {
      free.clear();
      freeCapacity = 0;
    }
    return new KvBlock(config, capacity);
  }

  void giveBack(KvBlock block) {
    usedCapacity -= block.capacity();
    freeCapacity += block.capacity();
    free.computeIfAbsent(block.capacity(), c -> new ArrayDeque<>()).push(block);
  }
}
