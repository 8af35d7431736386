package org.treepo4j.rl.loss;

import java.util.List;
import org.treepo4j.model.ForwardPass;

/**
 * Negative log-likelihood: {@code −Σ logp / learned tokens}, the sum over the tokens of an example
 * that count and the divisor from the whole mini-batch, so micro-batches add up.
 *
 * @param learnedTokens of the whole mini-batch
 */
public record SftObjective(long learnedTokens) {

  public SftObjective {
    if (learnedTokens <= 0) {
      throw new IllegalArgumentException(
          "a mini-batch must hold tokens to learn from, had " + learnedTokens);
    }
  }

  /**
   * A loss with its derivative.
   *
   * @param loss this micro-batch's share of the mini-batch's loss, in nats per token
   * @param dLogprob derivative by every log-probability, {@code [examples][size]}
   * @param tokens learned tokens in this micro-batch
   */
  public record Result(double loss, float[][] dLogprob, long tokens) {}

  /** The loss of a forward pass over the tokens of these examples, in their order. */
  public Result evaluate(List<SftExample> examples, ForwardPass pass) {
    float[][] logprobs = new float[examples.size()][];
    for (int i = 0; i < logprobs.length; i++) {
      logprobs[i] = pass.logprobs(i);
    }
    return evaluate(examples, logprobs);
  }

  /**
   * The loss of some of the mini-batch's examples.
   *
   * @param logprobs of every token under the present model, {@code [examples][size]}
   */
  public Result evaluate(List<SftExample> examples, float[][] logprobs) {
    float[][] dLogprob = new float[examples.size()][];
    double sum = 0;
    long tokens = 0;
    for (int i = 0; i < dLogprob.length; i++) {
      boolean[] learned = examples.get(i).learned();
      dLogprob[i] = new float[learned.length];
      for (int t = 0; t < learned.length; t++) {
        if (learned[t]) {
          sum -= logprobs[i][t];
          dLogprob[i][t] = (float) (-1.0 / learnedTokens);
          tokens++;
        }
      }
    }
    return new Result(sum / learnedTokens, dLogprob, tokens);
  }
}
