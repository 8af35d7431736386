package org.treepo4j.rl.train;

/**
 * Where a run stands between two steps; all its random streams follow from the seed and these
 * numbers, so together with weights and optimiser this is all a resumed run needs.
 *
 * @param step steps done
 * @param updates optimiser updates done
 * @param tasksDrawn tasks taken from the data so far
 * @param sampledTokens tokens sampled so far, each computed once
 * @param trajectoryTokens sum of response lengths so far
 * @param skippedUpdates updates skipped so far
 * @param accuracyBefore held-out accuracy of the model the run began with; NaN before it is known
 * @param bestAccuracy best held-out accuracy so far; NaN before the first evaluation
 * @param evaluationsSinceBest evaluations since that one
 * @param seconds time spent so far, over all sessions
 */
public record TrainingState(
    long step,
    long updates,
    long tasksDrawn,
    long sampledTokens,
    long trajectoryTokens,
    long skippedUpdates,
    double accuracyBefore,
    double bestAccuracy,
    int evaluationsSinceBest,
    double seconds) {

  /** A run that has not begun. */
  public static final TrainingState NEW =
      new TrainingState(0, 0, 0, 0, 0, 0, Double.NaN, Double.NaN, 0, 0);

  /** One more step that was one update. */
  TrainingState afterUpdate(boolean skipped) {
    return new TrainingState(
        step + 1,
        updates + 1,
        tasksDrawn,
        sampledTokens,
        trajectoryTokens,
        skippedUpdates + (skipped ? 1 : 0),
        accuracyBefore,
        bestAccuracy,
        evaluationsSinceBest,
        seconds);
  }
}
