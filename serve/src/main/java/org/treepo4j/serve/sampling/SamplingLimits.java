package org.treepo4j.serve.sampling;

import org.treepo4j.model.DecoderOptions;

/**
 * What a {@link SamplingEngine} may hold.
 *
 * @param maxPaths continuations that are sampled at once
 * @param maxWaiting requests that may wait for their turn, unless they come together
 * @param keptPrompts prompts and answers kept to be forked
 * @param cache memory of keys and values
 */
public record SamplingLimits(int maxPaths, int maxWaiting, int keptPrompts, DecoderOptions cache) {

  private static final int MAX_PATHS = 1 << 16;
  private static final int MAX_WAITING = 1 << 20;

  public SamplingLimits {
    positive("maxPaths", maxPaths);
    most("maxPaths", maxPaths, MAX_PATHS);
    positive("maxWaiting", maxWaiting);
    most("maxWaiting", maxWaiting, MAX_WAITING);
    if (keptPrompts < 0) {
      throw new IllegalArgumentException("keptPrompts must not be negative, was " + keptPrompts);
    }
  }

  public SamplingLimits(int maxPaths, int maxWaiting, int keptPrompts, long maxCacheBytes) {
    this(maxPaths, maxWaiting, keptPrompts, new DecoderOptions(maxCacheBytes));
  }

  /** 64 paths, 256 waiting requests, 64 kept prompts, half of the engine's memory. */
  public static SamplingLimits defaults() {
    return new SamplingLimits(64, 256, 64, DecoderOptions.defaults());
  }

  private static void most(String name, long value, long greatest) {
    if (value > greatest) {
      throw new IllegalArgumentException(name + " must be at most " + greatest + ", was " + value);
    }
  }

  private static void positive(String name, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive, was " + value);
    }
  }
}
