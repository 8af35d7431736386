package org.treepo4j.rl.reward;

import java.util.List;
import java.util.Optional;

/**
 * Scores of a batch, and what went wrong on the way.
 *
 * @param scores one for each input, in its order; those that failed have the failure score
 * @param counts of the scoring
 */
public record RewardBatch(List<Score> scores, Counts counts) {

  public RewardBatch {
    scores = List.copyOf(scores);
  }

  /**
   * What came of scoring some responses.
   *
   * @param threw how many rewards threw
   * @param late how many took longer than the time limit
   * @param firstFailure message of the first that threw or was late; empty where none was
   * @param limited how many answers were cut off by the grader's own limits and count as wrong
   * @param seconds wall-clock time
   */
  public record Counts(
      int threw, int late, Optional<String> firstFailure, int limited, double seconds) {

    /** Of no response. */
    public static final Counts NONE = new Counts(0, 0, Optional.empty(), 0, 0);

    /** Rewards that threw or were late. */
    public int failed() {
      return threw + late;
    }

    /** The same, which took so long altogether. */
    public Counts within(double wallClock) {
      return new Counts(threw, late, firstFailure, limited, wallClock);
    }

    /** Both together, the responses of this one first. */
    public Counts plus(Counts more) {
      return new Counts(
          threw + more.threw,
          late + more.late,
          firstFailure.or(more::firstFailure),
          limited + more.limited,
          seconds + more.seconds);
    }
  }
}
