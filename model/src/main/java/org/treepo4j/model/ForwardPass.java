package org.treepo4j.model;

/**
 * The outcome of one {@link CausalLm#forward}. Trees are numbered as in the call, tokens as in
 * their {@link TokenTree}. Returned arrays belong to the caller.
 */
public interface ForwardPass extends AutoCloseable {

  /**
   * Natural-log probability of every token given its ancestors, {@code [size]}; 0 for the root,
   * which nothing predicts.
   */
  float[] logprobs(int tree);

  /**
   * Entropy in nats of the next-token distribution <em>after</em> every token, {@code [size]}; so
   * the step that sampled token {@code t} has the entropy at {@code parents[t]}.
   */
  float[] entropies(int tree);

  /** Next-token logits after one token, before the temperature, {@code [vocabSize]}. */
  float[] logits(int tree, int token);

  /**
   * Experts that the tokens of a tree went to, {@code [size × layers × perToken]}; empty where
   * feed-forward layers are dense.
   */
  default short[] experts(int tree) {
    return new short[0];
  }

  /**
   * Adds the gradient of a scalar to {@link Parameter#gradient()} of every trainable weight. May be
   * called once, and only on a pass opened with {@link ForwardOptions#gradients()}.
   *
   * @param dLogprob derivative of the scalar by every log-probability, {@code [trees][size]}; the
   *     root's entry is ignored
   * @param dEntropy derivative by every entropy, {@code [trees][size]}, or null for none
   * @throws IllegalStateException when called twice or without gradients
   */
  void backward(float[][] dLogprob, float[][] dEntropy);

  @Override
  void close();
}
