package org.treepo4j.model;

import java.util.List;

/**
 * Draws from {@link BranchingDecoder#nextLogits}, rows beside each other on the engine's threads.
 */
final class HostSampler implements TokenSampler {
  /** Runs of rows, each drawn one after the other, at most. */
  private static final int MOST_RUNS = 32;

  private final BranchingDecoder decoder;
  private final SamplingRule rule;
  private final TokenDistribution[] distributions = new TokenDistribution[MOST_RUNS];
  private final DrawnTokens drawn = new DrawnTokens();

  /** First draw of each run; and its first row without a distribution, or -1. */
  private final int[] starts = new int[MOST_RUNS];

  private final int[] failed = new int[MOST_RUNS];

  HostSampler(BranchingDecoder decoder, SamplingRule rule) {
    this.decoder = decoder;
    this.rule = rule;
  }

  @Override
  public DrawnTokens draw(
      List<? extends BranchingDecoder.Path> paths, int draws, int[] of, double[] uniforms) {
    drawn.reserve(draws);
    float[][] rows = decoder.nextLogits(paths);
    int runs = Math.min(MOST_RUNS, rows.length);
    int start = 0;
    for (int run = 0; run < runs; run++) {
      if (distributions[run] == null) {
        distributions[run] = new TokenDistribution(rule);
      }
      while (start < draws && of[start] < run * rows.length / runs) {
        start++;
      }
      starts[run] = start;
      failed[run] = -1;
    }
    decoder.inParallel(
        runs,
        run -> {
          int from = run * rows.length / runs;
          int to = (run + 1) * rows.length / runs;
          draw(run, rows, from, to, draws, of, uniforms);
        });
    for (int run = 0; run < runs; run++) {
      if (failed[run] >= 0) {
        throw new NotFiniteException(failed[run]);
      }
    }
    return drawn;
  }

  /** Draws from rows {@code [from, to)}. */
  private void draw(
      int run, float[][] rows, int from, int to, int draws, int[] of, double[] uniforms) {
    TokenDistribution distribution = distributions[run];
    int draw = starts[run];
    for (int row = from; row < to; row++) {
      try {
        distribution.read(rows[row]);
      } catch (ArithmeticException e) {
        failed[run] = row;
        return;
      }
      for (; draw < draws && of[draw] == row; draw++) {
        int token = distribution.sample(uniforms[draw]);
        drawn.tokens()[draw] = token;
        drawn.logprobs()[draw] = distribution.logprob(token);
        drawn.modelLogprobs()[draw] = distribution.modelLogprob(token);
        drawn.entropies()[draw] = distribution.entropy();
      }
    }
  }
}
