package org.treepo4j.model;

import java.util.List;

/**
 * Samples along many paths at once and branches them anywhere, without computing a shared prefix
 * twice. This is the port that tree sampling is written against.
 *
 * <p>A path is a handle of this decoder; once released it must not be used again. All methods throw
 * {@link IllegalArgumentException} for a released or foreign path, a token outside the vocabulary,
 * or a path beyond the model's longest position.
 */
public interface BranchingDecoder extends AutoCloseable {

  /** A position on the decoder's token tree; opaque but for its length. */
  interface Path {
    /** Tokens from the root, the prompt included. */
    int length();
  }

  /** Size of the vocabulary, the length of every row of logits. */
  int vocabSize();

  /** Computes a prompt of at least one token and returns the path that ends with it. */
  Path prefill(int[] tokens);

  /**
   * A new path that has all tokens of another, which stays as it is, and at least one more. Only
   * the further tokens are computed, as one batch.
   *
   * @throws CacheFullException when the keys and values would not fit; nothing has changed then
   */
  Path prefill(Path before, int[] tokens);

  /**
   * A new path that shares the first {@code length} tokens of another; nothing is computed again.
   *
   * @param length tokens to share, {@code 1..path.length()}
   */
  Path fork(Path path, int length);

  /**
   * Appends one token to each path, as one batch. A path may occur once.
   *
   * @throws CacheFullException when the keys and values would not fit; no path has grown then
   */
  void append(List<? extends Path> paths, int[] tokens);

  /**
   * Logits of the next token of each path, {@code [paths][vocabSize]}. Also valid right after
   * {@link #fork}. The rows are the decoder's own and hold until its next call.
   */
  float[][] nextLogits(List<? extends Path> paths);

  /** Lets go of a path; keys and values no other path needs are freed. */
  void release(Path path);

  /** What this decoder has done and holds. */
  DecoderStatistics statistics();

  @Override
  void close();
}
