package org.treepo4j.serve.sampling;

import java.util.Map;
import java.util.Objects;
import org.treepo4j.rollout.SamplingSettings;

/**
 * A prompt to continue several times. Each continuation has a random stream of its own that follows
 * from {@code seed} and its index, so it does not depend on the others or on other requests.
 *
 * @param prompt token ids, at least one
 * @param paths continuations to sample
 * @param maxTokens most tokens of each, the one that ends it included
 * @param sampling the distribution and what ends a continuation besides the model's own tokens
 * @param logitBias added to the logits of token ids before anything else
 * @param seed of the random streams
 * @param topLogprobs how many of the likeliest tokens are told with each sampled one; 0 tells the
 *     sampled one alone, {@link #NO_LOGPROBS} none
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record SamplingRequest(
    int[] prompt,
    int paths,
    int maxTokens,
    SamplingSettings sampling,
    Map<Integer, Double> logitBias,
    long seed,
    int topLogprobs) {

  /** No log-probabilities are wanted. */
  public static final int NO_LOGPROBS = -1;

  public SamplingRequest {
    Objects.requireNonNull(sampling, "sampling");
    logitBias = Map.copyOf(logitBias);
    if (prompt.length == 0) {
      throw new IllegalArgumentException("prompt must hold at least one token");
    }
    if (paths < 1) {
      throw new IllegalArgumentException("paths must be positive, was " + paths);
    }
    if (maxTokens < 1) {
      throw new IllegalArgumentException("maxTokens must be positive, was " + maxTokens);
    }
    if (topLogprobs < NO_LOGPROBS) {
      throw new IllegalArgumentException("topLogprobs must be -1 or more, was " + topLogprobs);
    }
  }
}
