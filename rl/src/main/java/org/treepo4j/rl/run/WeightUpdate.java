package org.treepo4j.rl.run;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.GradientClipping;
import org.treepo4j.model.Optimizer;

/**
 * What follows a backward pass: the gradient is clipped, and the engine's AdamW takes a step at the
 * scheduled learning rate. A gradient that is not finite is thrown away instead, a few times.
 */
public final class WeightUpdate {
  private final Policy policy;
  private final OptimizerSettings settings;
  private final Optimizer optimizer;
  private final long updates;
  private final int maxSkipped;
  private long place;
  private int skippedInARow;

  /**
   * What one update did.
   *
   * @param gradientNorm global norm before clipping; may be NaN or infinite
   * @param learningRate the rate used
   * @param skipped whether the gradient was thrown away
   */
  public record Outcome(double gradientNorm, double learningRate, boolean skipped) {}

  /**
   * @param updates how many the run plans to make, for the schedule
   * @param maxSkipped gradients in a row that may be thrown away
   */
  public WeightUpdate(Policy policy, OptimizerSettings settings, long updates, int maxSkipped) {
    this.policy = policy;
    this.settings = settings;
    this.updates = updates;
    this.maxSkipped = maxSkipped;
    this.optimizer =
        policy.optimizer(
            new AdamW.Settings(
                settings.beta1(), settings.beta2(), settings.epsilon(), settings.weightDecay()));
  }

  /**
   * Says which of the planned updates comes next, so that the schedule follows the plan also where
   * a short batch gave fewer updates than planned.
   *
   * @param update 0 for the first of the run
   */
  public void startAt(long update) {
    place = update;
  }

  /** Uses the gradient of what is trained and sets it to zero. */
  public Outcome apply() {
    double clip = settings.gradientClip() > 0 ? settings.gradientClip() : Double.MAX_VALUE;
    double norm = optimizer.gradientNorm();
    double rate = settings.learningRate().rate(place, updates);
    place++;
    boolean finite = Double.isFinite(norm);
    if (finite) {
      skippedInARow = 0;
      optimizer.step(rate, GradientClipping.scale(norm, clip));
      policy.updated();
    } else if (++skippedInARow > maxSkipped) {
      throw new TrainingException(
          "the gradient was not finite "
              + skippedInARow
              + " times in a row (norm "
              + norm
              + "): begin a run with a lower optimizer.learningRate.peak, from a checkpoint if one is good");
    }
    policy.trainable().zeroGradients();
    return new Outcome(norm, rate, !finite);
  }

  /** Optimiser steps so far, which count what was not thrown away. */
  public long optimizerSteps() {
    return optimizer.steps();
  }

  public int skippedInARow() {
    return skippedInARow;
  }

  /** The optimiser state by name, good until the next update. */
  public Map<String, float[]> state() {
    return optimizer.state();
  }

  /** How many updates the run plans to make. */
  public long plannedUpdates() {
    return updates;
  }

  /**
   * What to tell of a run that goes on with another number of updates than it began with; empty
   * where its learning rate does not depend on that.
   *
   * @param before updates planned so far; 0 where that is not known
   */
  Optional<String> changedPlan(long before) {
    LearningRateSchedule.Shape shape = settings.learningRate().shape();
    return before == 0 || before == updates || shape == LearningRateSchedule.Shape.CONSTANT
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "the run was to have %d updates and now has %d: the %s learning rate goes on as that of a run of %d, it does not begin again",
                before,
                updates,
                shape.name().toLowerCase(Locale.ROOT),
                updates));
  }

  /** Goes on where a checkpoint was written. */
  public void restore(int skippedBefore, long steps, Map<String, float[]> state) {
    optimizer.restore(steps, state);
    skippedInARow = skippedBefore;
  }
}
