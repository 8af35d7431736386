package org.treepo4j.rl.reward;

/**
 * What a reward says about a response.
 *
 * @param value the reward, finite
 * @param correct whether the task is solved, whatever the shaping says; gives the accuracy
 * @param limited whether the judgement was cut off by a limit and so counted as wrong
 */
public record Score(double value, boolean correct, boolean limited) {

  public Score {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("value must be finite, was " + value);
    }
  }

  public Score(double value, boolean correct) {
    this(value, correct, false);
  }
}
