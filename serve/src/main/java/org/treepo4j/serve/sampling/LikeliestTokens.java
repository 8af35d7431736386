package org.treepo4j.serve.sampling;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.model.TokenDistribution;
import org.treepo4j.serve.sampling.SamplingListener.TokenLogprobs;
import org.treepo4j.serve.sampling.SamplingListener.TokenLogprobs.Candidate;

/** Log-probabilities of a row under the model's own distribution. */
final class LikeliestTokens {
  private final TokenDistribution distribution;
  private List<Candidate> likeliest = List.of();

  LikeliestTokens(int vocabSize) {
    distribution = new TokenDistribution(SamplingRule.plain(vocabSize, id -> true));
  }

  /** Takes a row of logits and finds its likeliest tokens, the lower id first among equals. */
  void read(float[] row, int count) {
    distribution.read(row);
    int[] best = new int[Math.min(count, row.length)];
    int found = 0;
    for (int id = 0; id < row.length && best.length > 0; id++) {
      int at = found;
      while (at > 0 && row[id] > row[best[at - 1]]) {
        at--;
      }
      if (at < best.length) {
        found = Math.min(found + 1, best.length);
        System.arraycopy(best, at, best, at + 1, found - at - 1);
        best[at] = id;
      }
    }
    likeliest = new ArrayList<>();
    for (int i = 0; i < found; i++) {
      likeliest.add(candidate(best[i]));
    }
  }

  /** The row's log-probabilities for a token sampled from it. */
  TokenLogprobs with(int sampled) {
    return new TokenLogprobs(candidate(sampled), likeliest);
  }

  private Candidate candidate(int token) {
    return new Candidate(token, distribution.modelLogprob(token));
  }
}
