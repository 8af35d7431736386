package org.treepo4j.model;

import java.util.List;
import java.util.function.IntConsumer;

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

  /**
   * Tokens to compute.
   *
   * @param before the path they stand behind, which stays as it is; null for none
   * @param tokens at least one
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Prompt(Path before, int[] tokens) {}

  /**
   * Computes prompts, several tokens at once, and returns the paths that end with them, in their
   * order.
   *
   * @throws CacheFullException when the keys and values would not fit; nothing has changed then
   */
  List<Path> prefill(List<Prompt> prompts);

  /** Computes one prompt and returns the path that ends with it. */
  default Path prefill(int[] tokens) {
    return prefill(null, tokens);
  }

  /** Computes tokens behind a path and returns the path that ends with them; the former stays. */
  default Path prefill(Path before, int[] tokens) {
    return prefill(List.of(new Prompt(before, tokens))).get(0);
  }

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

  /**
   * Does work for every index below {@code count}, at the same time on the engine's own threads
   * where it has some; for what callers make of logits, row by row. Nothing else may be asked of
   * the decoder meanwhile.
   */
  default void inParallel(int count, IntConsumer work) {
    for (int i = 0; i < count; i++) {
      work.accept(i);
    }
  }

  /** Draws next tokens of this decoder's paths; here from {@link #nextLogits}, which is the law. */
  default TokenSampler sampler() {
    return new HostSampler(this);
  }

  /**
   * Experts that the tokens of a path went to, {@code [length × layers × perToken]}; empty where
   * feed-forward layers are dense.
   */
  default short[] experts(Path path) {
    return new short[0];
  }

  /** Lets go of a path; keys and values no other path needs are freed. */
  void release(Path path);

  /** What this decoder has done and holds. */
  DecoderStatistics statistics();

  @Override
  void close();
}
