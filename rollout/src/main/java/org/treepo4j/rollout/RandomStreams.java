package org.treepo4j.rollout;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/**
 * The random numbers of a rollout, addressed instead of drawn in turn: each branch of each prompt
 * has its own stream, named by (seed, step, prompt id, occurrence, branch), and each response token
 * takes the number at its own position of that stream. So no tree depends on the other prompts of
 * its batch, on the order in which paths advance or on the worker that runs them, and a tree can be
 * replayed from what {@link SegmentNode} records: token {@code i} of a response (counted from 0
 * after the prompt), in a node of branch {@code b}, was drawn with {@code uniform(stream(promptId,
 * 0, b), i)}.
 *
 * <p>A new segment is a new branch; branches of a prompt are numbered from 1 as they begin. The two
 * halves of a segment cut by a fallback keep their branch. Branch 0 feeds the decisions about the
 * tree itself: divergence, donors, cuts.
 *
 * <p>A stream is SplitMix64 (Steele, Lea and Flood, 2014, as {@link SplittableRandom}): number
 * {@code i} of stream {@code s} is {@code mix(s + (i + 1) · golden)}, its upper 53 bits as a
 * fraction.
 */
public final class RandomStreams {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;
  private static final long FNV_BASIS = 0xCBF29CE484222325L;
  private static final long FNV_PRIME = 0x100000001B3L;

  private final long root;

  public RandomStreams(long seed, long step) {
    root = combine(mix(seed + GOLDEN), step);
  }

  /**
   * The name of a stream.
   *
   * @param occurrence 0, or how many prompts of the same batch before this one have the same id
   * @param branch 0 for decisions about the tree, 1 and up for segments
   */
  public long stream(String promptId, int occurrence, int branch) {
    long hash = FNV_BASIS;
    for (byte b : promptId.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xFF)) * FNV_PRIME;
    }
    return combine(combine(combine(root, hash), occurrence), branch);
  }

  /** The number of a stream at a position from 0, uniform in [0, 1). */
  public static double uniform(long stream, int position) {
    return (mix(stream + (position + 1L) * GOLDEN) >>> 11) * 0x1.0p-53;
  }

  private static long combine(long state, long value) {
    return mix(state * FNV_PRIME + mix(value + GOLDEN));
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
