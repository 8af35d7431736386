package org.treepo4j.rl.reward;

import java.util.List;
import java.util.Optional;

/**
 * Scores of a batch, and what went wrong on the way.
 *
 * @param scores one for each input, in its order
 * @param failures how many rewards threw; they have the failure score
 * @param timeouts how many took longer than the time limit; they have the failure score
 * @param limited how many answers were cut off by the grader's own limits and count as wrong
 * @param firstFailure message of the first reward that threw or was late, for the log
 */
public record RewardBatch(
    List<Score> scores, int failures, int timeouts, int limited, Optional<String> firstFailure) {

  public RewardBatch {
    scores = List.copyOf(scores);
  }
}
