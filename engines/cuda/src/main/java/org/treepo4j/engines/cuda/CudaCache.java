package org.treepo4j.engines.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.model.CacheFullException;
import org.treepo4j.model.EngineUnavailableException;

/**
 * The memory of a decoder: keys and values of every layer and final hidden states, in slots of one
 * token each. Slots are handed out in blocks, given back and handed out again; the arrays grow as
 * more are wanted.
 */
final class CudaCache implements AutoCloseable {
  /** Slots of a block. */
  static final int BLOCK = 16;

  private static final int FIRST_BLOCKS = 64;

  private final Device device;
  private final ModelConfig config;
  private final Type type;
  private final long tokenBytes;
  private final long maxBytes;
  private final int maxBlocks;
  private final Deque<Integer> free = new ArrayDeque<>();

  /** {@code [slots × kvHeads·dim]} of each layer. */
  private final DeviceArray[] keys;

  private final DeviceArray[] values;

  /** {@code [slots × hidden]}. */
  private DeviceArray hidden;

  private int blocks;
  private int used;
  private long tokens;

  CudaCache(Device device, ModelConfig config, Type type, long maxBytes) {
    this.device = device;
    this.config = config;
    this.type = type;
    this.maxBytes = maxBytes;
    this.tokenBytes = CudaMemory.cachedToken(config, type);
    long most = maxBytes / (BLOCK * tokenBytes);
    this.maxBlocks = (int) Math.min(most, Integer.MAX_VALUE / BLOCK);
    this.keys = new DeviceArray[config.layers()];
    this.values = new DeviceArray[config.layers()];
  }

  /**
   * Makes sure that so many blocks more can be taken.
   *
   * @throws CacheFullException when they would exceed the limit or the device's memory
   */
  void require(long more) {
    if (used + more > maxBlocks) {
      throw new CacheFullException((used + more) * BLOCK * tokenBytes, maxBytes);
    }
    if (used + more > blocks) {
      long wanted = Math.max(used + more, Math.max(FIRST_BLOCKS, 2L * blocks));
      grow((int) Math.min(wanted, maxBlocks), (int) (used + more));
    }
  }

  /** Grows to {@code wanted} blocks, or at least to {@code needed}. */
  private void grow(int wanted, int needed) {
    int before = blocks;
    long free = device.memory().free();
    // While an array is copied both are there; the largest is that of one layer.
    long spare =
        (long) wanted * BLOCK * type.bytes() * Math.max(config.kvSize(), config.hiddenSize());
    long more = (long) (wanted - before) * BLOCK * tokenBytes + spare;
    if (more > free && wanted > needed) {
      grow(needed, needed);
      return;
    }
    if (more > free) {
      throw new CacheFullException(
          (long) wanted * BLOCK * tokenBytes, (long) before * BLOCK * tokenBytes + free);
    }
    try {
      for (int layer = 0; layer < keys.length; layer++) {
        keys[layer] = grown(keys[layer], wanted, config.kvSize());
        values[layer] = grown(values[layer], wanted, config.kvSize());
      }
      hidden = grown(hidden, wanted, config.hiddenSize());
    } catch (EngineUnavailableException e) {
      throw new CacheFullException(
          (long) wanted * BLOCK * tokenBytes, (long) before * BLOCK * tokenBytes);
    }
    blocks = wanted;
    for (int block = before; block < wanted; block++) {
      this.free.add(block);
    }
  }

  private DeviceArray grown(DeviceArray old, int wanted, int width) {
    long length = (long) wanted * BLOCK * width;
    if (old != null && old.length() >= length) {
      return old;
    }
    DeviceArray larger = device.allocate(type, length);
    if (old != null) {
      device.copy(old, larger);
      device.free(old);
    }
    return larger;
  }

  /** A block that was {@link #require}d. */
  int take() {
    used++;
    return free.remove();
  }

  void giveBack(int block) {
    used--;
    free.push(block);
  }

  void countTokens(int change) {
    tokens += change;
  }

  /** Tokens that are held. */
  long tokens() {
    return tokens;
  }

  /** Bytes of the blocks that are handed out. */
  long usedBytes() {
    return (long) used * BLOCK * tokenBytes;
  }

  DeviceArray keys(int layer) {
    return keys[layer];
  }

  DeviceArray values(int layer) {
    return values[layer];
  }

  DeviceArray hidden() {
    return hidden;
  }

  @Override
  public void close() {
    for (int layer = 0; layer < keys.length; layer++) {
      device.free(keys[layer]);
      device.free(values[layer]);
    }
    device.free(hidden);
  }
}
