package org.treepo4j.engines.vector;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CacheFullException;

/**
 * The memory of a decoder: blocks are handed out, given back and handed out again. States of linear
 * layers count as well ({@link DeltaStates}).
 */
final class KvCache {
  private final ModelConfig config;
  private final long maxBytes;
  private final long tokenBytes;
  private final Map<Integer, Deque<KvBlock>> free = new HashMap<>();
  private long usedCapacity;
  private long freeCapacity;
  private long tokens;
  private long otherBytes;
  private DeltaStates states;

  KvCache(ModelConfig config, long maxBytes) {
    this.config = config;
    this.maxBytes = maxBytes;
    this.tokenBytes = KvBlock.bytesPerToken(config);
  }

  /** Bytes of the blocks and states that are handed out. */
  long usedBytes() {
    return usedCapacity * tokenBytes + otherBytes;
  }

  long maxBytes() {
    return maxBytes;
  }

  /** Counts bytes that are no block's. */
  void countBytes(long change) {
    otherBytes += change;
  }

  /** Whether there is room for {@code capacity} more tokens and for other bytes. */
  boolean fits(long capacity, long bytes) {
    return usedBytes() + capacity * tokenBytes + bytes <= maxBytes;
  }

  /** Tokens that are held. */
  long tokens() {
    return tokens;
  }

  /** States that are part of this cache. */
  void states(DeltaStates kept) {
    states = kept;
  }

  /** A chunk has been cut to {@code length} tokens. */
  void trimmed(KvChunk chunk, int length) {
    if (states != null) {
      states.trim(chunk, length);
    }
  }

  void countTokens(int change) {
    tokens += change;
  }

  /**
   * @throws CacheFullException when room for {@code capacity} more tokens, and for other bytes,
   *     would exceed the limit
   */
  void require(long capacity, long bytes) {
    if (!fits(capacity, bytes)) {
      throw new CacheFullException(usedBytes() + capacity * tokenBytes + bytes, maxBytes);
    }
  }

  KvBlock take(int capacity) {
    usedCapacity += capacity;
    KvBlock block = free.computeIfAbsent(capacity, c -> new ArrayDeque<>()).poll();
    if (block != null) {
      freeCapacity -= capacity;
      return block;
    }
    if (usedBytes() + freeCapacity * tokenBytes > maxBytes) {
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
