package org.treepo4j.model;

/**
 * Limits of a decoder: its key/value cache takes at most so many bytes, and at most a share of the
 * memory that the engine computes in.
 *
 * @param maxCacheBytes most memory of the cache
 * @param share of the engine's memory: the JVM's heap, or what is free on a GPU when the decoder is
 *     opened
 */
public record DecoderOptions(long maxCacheBytes, double share) {

  public DecoderOptions {
    if (maxCacheBytes <= 0) {
      throw new IllegalArgumentException("maxCacheBytes must be positive, was " + maxCacheBytes);
    }
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException("share must be above 0 and at most 1, was " + share);
    }
  }

  /** So many bytes, as far as the engine has them. */
  public DecoderOptions(long maxCacheBytes) {
    this(maxCacheBytes, 1);
  }

  /** Half of the memory that the engine computes in. */
  public static DecoderOptions defaults() {
    return share(0.5);
  }

  /** A share of the memory that the engine computes in. */
  public static DecoderOptions share(double share) {
    return new DecoderOptions(Long.MAX_VALUE, share);
  }

  /** What the cache may take, for engines whose decoders live in the JVM's heap. */
  public long cacheBytesOnHeap() {
    return cacheBytes(Runtime.getRuntime().maxMemory());
  }

  /**
   * What the cache may take.
   *
   * @param memory bytes that the engine computes in
   */
  public long cacheBytes(long memory) {
    return Math.min(maxCacheBytes, Math.max(1, (long) (share * memory)));
  }
}
