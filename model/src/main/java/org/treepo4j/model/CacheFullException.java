package org.treepo4j.model;

/** The key/value cache of a decoder has reached {@link DecoderOptions#maxCacheBytes()}. */
public final class CacheFullException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CacheFullException(long neededBytes, long maxCacheBytes) {
    super(
        String.format(
            "key/value cache needs %,d MiB but may take %,d MiB: raise the limit or sample fewer"
                + " paths at once",
            neededBytes >> 20, maxCacheBytes >> 20));
  }
}
