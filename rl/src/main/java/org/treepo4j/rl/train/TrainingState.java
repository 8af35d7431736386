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

  /** One more step of supervised training. */
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

  /** One more round of reinforcement learning. */
  TrainingState after(TrainingStep.Outcome outcome) {
    return new TrainingState(
        step + 1,
        updates + outcome.update().updates(),
        tasksDrawn + outcome.groups().tasksDrawn(),
        sampledTokens + outcome.groups().statistics().sampledTokens(),
        trajectoryTokens + outcome.groups().statistics().trajectoryTokens(),
        skippedUpdates + outcome.update().skipped(),
        accuracyBefore,
        bestAccuracy,
        evaluationsSinceBest,
        seconds);
  }

  /**
   * Ends a run that changed nothing.
   *
   * @throws TrainingException when there were updates and every one was skipped
   */
  void requireSomeUpdate() {
    if (updates > 0 && skippedUpdates == updates) {
      throw new TrainingException(
          "nothing was learned: the gradient was not finite in any of the run's "
              + updates
              + " updates (try another engine, or a lower optimizer.learningRate.peak)");
    }
  }

  /** The policy the run begins with has been measured. */
  TrainingState startingAt(double accuracy) {
    return with(accuracy, accuracy, 0, seconds);
  }

  /** The policy has been measured again. */
  TrainingState evaluated(double accuracy, boolean best) {
    return with(
        accuracyBefore,
        best ? accuracy : bestAccuracy,
        best ? 0 : evaluationsSinceBest + 1,
        seconds);
  }

  TrainingState plusSeconds(double more) {
    return with(accuracyBefore, bestAccuracy, evaluationsSinceBest, seconds + more);
  }

  private TrainingState with(double before, double best, int sinceBest, double time) {
    return new TrainingState(
        step,
        updates,
        tasksDrawn,
        sampledTokens,
        trajectoryTokens,
        skippedUpdates,
        before,
        best,
        sinceBest,
        time);
  }
}
