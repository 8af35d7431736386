package org.treepo4j.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Draws from {@link BranchingDecoder#nextLogits}, rows beside each other on the engine's threads.
 */
final class HostSampler implements TokenSampler {
  /** Runs of rows, each drawn one after the other, at most. */
  private static final int MOST_RUNS = 32;

  private final BranchingDecoder decoder;
  private final List<Run> runs = new ArrayList<>();
  private final DrawnTokens drawn = new DrawnTokens();

  HostSampler(BranchingDecoder decoder) {
    this.decoder = decoder;
  }

  @Override
  public DrawnTokens draw(List<? extends BranchingDecoder.Path> paths, TokenDraws draws) {
    drawn.reserve(draws.size());
    float[][] rows = decoder.nextLogits(paths);
    int count = Math.min(MOST_RUNS, rows.length);
    int start = 0;
    for (int i = 0; i < count; i++) {
      if (i == runs.size()) {
        runs.add(new Run());
      }
      int from = start;
      int end = (i + 1) * rows.length / count;
      while (start < draws.size() && draws.path(start) < end) {
        start++;
      }
      runs.get(i).from = from;
      runs.get(i).to = start;
    }
    decoder.inParallel(count, i -> runs.get(i).draw(rows, draws));
    for (Run run : runs.subList(0, count)) {
      if (run.failure != null) {
        throw run.failure;
      }
    }
    return drawn;
  }

  /** Draws of neighbouring rows, on one thread. */
  private final class Run {
    /** Rules whose distributions are kept; a server meets new ones all the time. */
    private static final int MOST_RULES = 16;

    private final Map<SamplingRule, TokenDistribution> distributions = new HashMap<>();
    private int from;
    private int to;
    private RuntimeException failure;

    void draw(float[][] rows, TokenDraws draws) {
      failure = null;
      TokenDistribution distribution = null;
      for (int draw = from; draw < to; draw++) {
        int row = draws.path(draw);
        SamplingRule rule = draws.rule(draw);
        boolean sameRule = draw > from && rule.equals(draws.rule(draw - 1));
        try {
          distribution = sameRule ? distribution : of(rule);
          if (!sameRule || row != draws.path(draw - 1)) {
            distribution.read(rows[row]);
          }
        } catch (ArithmeticException e) {
          failure = new NotFiniteException(row);
          return;
        } catch (IllegalArgumentException e) {
          failure = e;
          return;
        }
        int token = distribution.sample(draws.uniform(draw));
        drawn.tokens()[draw] = token;
        drawn.logprobs()[draw] = distribution.logprob(token);
        drawn.modelLogprobs()[draw] = distribution.modelLogprob(token);
        drawn.entropies()[draw] = distribution.entropy();
      }
    }

    private TokenDistribution of(SamplingRule rule) {
      TokenDistribution kept = distributions.get(rule);
      if (kept == null) {
        rule.requireVocabulary(decoder.vocabSize());
        if (distributions.size() == MOST_RULES) {
          distributions.clear();
        }
        kept = new TokenDistribution(rule);
        distributions.put(rule, kept);
      }
      return kept;
    }
  }
}
