package org.treepo4j.model;

import java.util.Arrays;
import java.util.List;

/** Draws from {@link BranchingDecoder#nextLogits}, row by row. */
final class HostSampler implements TokenSampler {
  private final BranchingDecoder decoder;
  private final TokenDistribution distribution;
  private int[] tokens = new int[0];
  private double[] logprobs = new double[0];
  private double[] modelLogprobs = new double[0];
  private double[] entropies = new double[0];

  HostSampler(BranchingDecoder decoder, SamplingRule rule) {
    this.decoder = decoder;
    this.distribution = new TokenDistribution(rule);
  }

  @Override
  public void draw(
      List<? extends BranchingDecoder.Path> paths, int draws, int[] of, double[] uniforms) {
    reserve(draws);
    float[][] rows = decoder.nextLogits(paths);
    int draw = 0;
    for (int row = 0; row < rows.length; row++) {
      read(row, rows[row]);
      for (; draw < draws && of[draw] == row; draw++) {
        int token = distribution.sample(uniforms[draw]);
        tokens[draw] = token;
        logprobs[draw] = distribution.logprob(token);
        modelLogprobs[draw] = distribution.modelLogprob(token);
        entropies[draw] = distribution.entropy();
      }
    }
  }

  private void read(int row, float[] logits) {
    try {
      distribution.read(logits);
    } catch (ArithmeticException e) {
      throw new NotFiniteException(row);
    }
  }

  private void reserve(int draws) {
    if (tokens.length < draws) {
      tokens = Arrays.copyOf(tokens, draws);
      logprobs = Arrays.copyOf(logprobs, draws);
      modelLogprobs = Arrays.copyOf(modelLogprobs, draws);
      entropies = Arrays.copyOf(entropies, draws);
    }
  }

  @Override
  public int token(int draw) {
    return tokens[draw];
  }

  @Override
  public double logprob(int draw) {
    return logprobs[draw];
  }

  @Override
  public double modelLogprob(int draw) {
    return modelLogprobs[draw];
  }

  @Override
  public double entropy(int draw) {
    return entropies[draw];
  }
}
