package org.treepo4j.model;

/**
 * Limits of a decoder.
 *
 * @param maxCacheBytes most memory its key/value cache may take
 */
public record DecoderOptions(long maxCacheBytes) {

  /** Half of the memory the JVM may use. */
  public static DecoderOptions defaults() {
    return new DecoderOptions(Runtime.getRuntime().maxMemory() / 2);
  }

  public DecoderOptions {
    if (maxCacheBytes <= 0) {
      throw new IllegalArgumentException("maxCacheBytes must be positive, was " + maxCacheBytes);
    }
  }
}
