package org.treepo4j.serve.sampling;

import java.util.List;

/**
 * Is told what becomes of a request, on the thread that samples: no method may block. After {@link
 * #completed} or {@link #failed}, and once a request is cancelled, nothing more is told.
 */
public interface SamplingListener {

  /**
   * A continuation goes on, by one token or by several that came quickly. The token that ends it as
   * the model wants it is not told.
   *
   * @param path index of the continuation
   * @param text what is certain of its text from now on; may be empty
   * @param logprobs one for each token; empty unless the request asked for them
   */
  void sampled(int path, String text, List<TokenLogprobs> logprobs);

  /**
   * A continuation has ended.
   *
   * @param rest text that was held back
   * @param stopped whether it ended of itself, rather than at the most tokens
   */
  void finished(int path, String rest, boolean stopped);

  /** All continuations have ended. */
  void completed(Usage usage);

  /** The request cannot go on; the reason is one line. */
  void failed(String reason);

  /**
   * Tokens of a request.
   *
   * @param promptTokens tokens of the prompt
   * @param cachedTokens those of them that were not computed again
   * @param sampledTokens tokens of all continuations
   */
  record Usage(int promptTokens, int cachedTokens, int sampledTokens) {}

  /**
   * A sampled token under the model's own distribution: temperature 1, no bias, nothing left out.
   *
   * @param likeliest the likeliest tokens, likeliest first
   */
  record TokenLogprobs(Candidate sampled, List<Candidate> likeliest) {

    /**
     * A token that may come next.
     *
     * @param logprob in nats
     */
    public record Candidate(int token, double logprob) {}
  }
}
