package org.treepo4j.model;

import java.util.List;

/** Draws from {@link BranchingDecoder#nextLogits}, row by row. */
final class HostSampler implements TokenSampler {
  private final BranchingDecoder decoder;
  private final TokenDistribution distribution;
  private final DrawnTokens drawn = new DrawnTokens();

  HostSampler(BranchingDecoder decoder, SamplingRule rule) {
    this.decoder = decoder;
    this.distribution = new TokenDistribution(rule);
  }

  @Override
  public DrawnTokens draw(
      List<? extends BranchingDecoder.Path> paths, int draws, int[] of, double[] uniforms) {
    drawn.reserve(draws);
    float[][] rows = decoder.nextLogits(paths);
    int draw = 0;
    for (int row = 0; row < rows.length; row++) {
      read(row, rows[row]);
      for (; draw < draws && of[draw] == row; draw++) {
        int token = distribution.sample(uniforms[draw]);
        drawn.tokens()[draw] = token;
        drawn.logprobs()[draw] = distribution.logprob(token);
        drawn.modelLogprobs()[draw] = distribution.modelLogprob(token);
        drawn.entropies()[draw] = distribution.entropy();
      }
    }
    return drawn;
  }

  private void read(int row, float[] logits) {
    try {
      distribution.read(logits);
    } catch (ArithmeticException e) {
      throw new NotFiniteException(row);
    }
  }
}
