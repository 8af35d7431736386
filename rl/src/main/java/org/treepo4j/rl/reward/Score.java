package org.treepo4j.rl.reward;

import java.util.Objects;
import java.util.Optional;

/**
 * What a reward says about a response.
 *
 * @param value the reward, finite
 * @param correct whether the task is solved, whatever the shaping says; gives the accuracy
 * @param limited whether the judgement was cut off by a limit and so counted as wrong
 * @param answer the final answer that was judged, as it stands in the response; empty where none
 *     was found or looked for
 */
public record Score(double value, boolean correct, boolean limited, Optional<String> answer) {

  public Score {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("value must be finite, was " + value);
    }
    Objects.requireNonNull(answer, "answer");
  }

  /** Of a reward that looks at the response as a whole. */
  public Score(double value, boolean correct) {
    this(value, correct, false, Optional.empty());
  }
}
