package org.treepo4j.rl.run;

import org.treepo4j.rollout.RolloutStatistics;

/**
 * Where a run stands between two steps; all its random streams follow from the seed and these
 * numbers, so together with weights and optimiser this is all a resumed run needs.
 *
 * @param step steps done
 * @param updates optimiser updates done
 * @param tasksDrawn places taken from the row of tasks so far
 * @param sampledTokens tokens of all sampled segments so far
 * @param trajectoryTokens sum of response lengths so far
 * @param computedTokens tokens computed in sampling so far
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
    long computedTokens,
    long skippedUpdates,
    double accuracyBefore,
    double bestAccuracy,
    int evaluationsSinceBest,
    double seconds) {

  /** A run that has not begun. */
  public static final TrainingState NEW =
      new TrainingState(0, 0, 0, 0, 0, 0, 0, Double.NaN, Double.NaN, 0, 0);

  /** One more step of supervised training. */
  public TrainingState afterUpdate(boolean skipped) {
    return new TrainingState(
        step + 1,
        updates + 1,
        tasksDrawn,
        sampledTokens,
        trajectoryTokens,
        computedTokens,
        skippedUpdates + (skipped ? 1 : 0),
        accuracyBefore,
        bestAccuracy,
        evaluationsSinceBest,
        seconds);
  }

  /**
   * One more round of reinforcement learning.
   *
   * @param sampling all of the round's
   * @param drawn places taken from the row of tasks
   * @param updated optimiser updates, the skipped ones included
   */
  public TrainingState after(RolloutStatistics sampling, int drawn, int updated, int skipped) {
    return new TrainingState(
        step + 1,
        updates + updated,
        tasksDrawn + drawn,
        sampledTokens + sampling.sampledTokens(),
        trajectoryTokens + sampling.trajectoryTokens(),
        computedTokens + sampling.computedTokens(),
        skippedUpdates + skipped,
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
  public void requireSomeUpdate() {
    if (updates > 0 && skippedUpdates == updates) {
      throw new TrainingException(
          "nothing was learned: the gradient was not finite in any of the run's "
              + updates
              + " updates (try another engine, or a lower optimizer.learningRate.peak)");
    }
  }

  /** The policy the run begins with has been measured. */
  public TrainingState startingAt(double accuracy) {
    return with(accuracy, accuracy, 0, seconds);
  }

  /** The policy has been measured again. */
  public TrainingState evaluated(double accuracy, boolean best) {
    return with(
        accuracyBefore,
        best ? accuracy : bestAccuracy,
        best ? 0 : evaluationsSinceBest + 1,
        seconds);
  }

  /** The same after some more time. */
  public TrainingState plusSeconds(double more) {
    return with(accuracyBefore, bestAccuracy, evaluationsSinceBest, seconds + more);
  }

  /**
   * Whether something that happens every so many steps happens after this one.
   *
   * @param everySteps 0 for at the end only
   * @param end whether this is the run's last step
   */
  public boolean due(int everySteps, boolean end) {
    return end || everySteps > 0 && step % everySteps == 0;
  }

  private TrainingState with(double before, double best, int sinceBest, double time) {
    return new TrainingState(
        step,
        updates,
        tasksDrawn,
        sampledTokens,
        trajectoryTokens,
        computedTokens,
        skippedUpdates,
        before,
        best,
        sinceBest,
        time);
  }
}
