package org.treepo4j.rl.reward;

/**
 * The soft overlong penalty of DAPO: responses that reach into the last {@code buffer} tokens lose
 * up to {@code factor}, linearly (algorithm page, section 5).
 *
 * @param maxResponseTokens the longest response that is sampled
 * @param buffer tokens over which the penalty grows from 0 to {@code factor}
 * @param factor the largest penalty
 */
record OverlongPenalty(int maxResponseTokens, int buffer, double factor) implements Reward {

  public OverlongPenalty {
    if (buffer <= 0 || buffer > maxResponseTokens) {
      throw new IllegalArgumentException(
          "buffer must be within 1.." + maxResponseTokens + " (maxResponseTokens), was " + buffer);
    }
  }

  @Override
  public Score score(RewardInput input) {
    int expected = maxResponseTokens - buffer;
    double excess = (double) (input.responseTokens() - expected) / buffer;
    return new Score(Math.min(-excess * factor, 0), false);
  }
}
