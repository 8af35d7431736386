package org.treepo4j.rollout;

import java.util.Arrays;

/** Tokens of one segment with what was known when each was sampled; grows at its end. */
final class SampledTokens {
  private int size;
  private int[] tokens;
  private double[] logprobs;
  private double[] modelLogprobs;
  private double[] entropies;

  SampledTokens() {
    this(new int[16], new double[16], new double[16], new double[16], 0);
  }

  private SampledTokens(
      int[] tokens, double[] logprobs, double[] modelLogprobs, double[] entropies, int size) {
    this.tokens = tokens;
    this.logprobs = logprobs;
    this.modelLogprobs = modelLogprobs;
    this.entropies = entropies;
    this.size = size;
  }

  void add(int token, double logprob, double modelLogprob, double entropy) {
    if (size == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * size);
      logprobs = Arrays.copyOf(logprobs, 2 * size);
      modelLogprobs = Arrays.copyOf(modelLogprobs, 2 * size);
      entropies = Arrays.copyOf(entropies, 2 * size);
    }
    tokens[size] = token;
    logprobs[size] = logprob;
    modelLogprobs[size] = modelLogprob;
    entropies[size++] = entropy;
  }

  int size() {
    return size;
  }

  int token(int index) {
    return tokens[index];
  }

  double logprob(int index) {
    return logprobs[index];
  }

  double sumOfLogprobs() {
    return Arrays.stream(logprobs, 0, size).sum();
  }

  double sumOfEntropies() {
    return Arrays.stream(entropies, 0, size).sum();
  }

  /** A copy of the tokens {@code from..to}, {@code to} excluded. */
  SampledTokens slice(int from, int to) {
    return new SampledTokens(
        Arrays.copyOfRange(tokens, from, to),
        Arrays.copyOfRange(logprobs, from, to),
        Arrays.copyOfRange(modelLogprobs, from, to),
        Arrays.copyOfRange(entropies, from, to),
        to - from);
  }

  SegmentNode toNode(int id, int parent, int branch, boolean fallback) {
    return new SegmentNode(
        id,
        parent,
        Arrays.copyOf(tokens, size),
        Arrays.copyOf(logprobs, size),
        Arrays.copyOf(modelLogprobs, size),
        Arrays.copyOf(entropies, size),
        branch,
        fallback);
  }
}
