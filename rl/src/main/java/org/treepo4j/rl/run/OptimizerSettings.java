package org.treepo4j.rl.run;

import org.treepo4j.base.settings.Setting;

/** AdamW and what surrounds an update. */
public record OptimizerSettings(
    @Setting("learning rate over the updates") LearningRateSchedule learningRate,
    @Setting("AdamW: decay of the first moment") double beta1,
    @Setting("AdamW: decay of the second moment") double beta2,
    @Setting(value = "AdamW: added to the root of the second moment", max = 1) double epsilon,
    @Setting(
            value =
                "decoupled weight decay of matrices; norms and biases are not decayed (paper: 0.1)",
            max = 10)
        double weightDecay,
    @Setting("largest global gradient norm, 0 for no clipping (paper: 1.0)") double gradientClip) {

  public static OptimizerSettings defaults() {
    return new OptimizerSettings(LearningRateSchedule.defaults(), 0.9, 0.999, 1e-8, 0.1, 1.0);
  }

  public OptimizerSettings {
    share("beta1", beta1);
    share("beta2", beta2);
    if (!(epsilon > 0)) {
      throw new IllegalArgumentException("epsilon must be positive, was " + epsilon);
    }
    if (!(weightDecay >= 0)) {
      throw new IllegalArgumentException("weightDecay must not be negative, was " + weightDecay);
    }
    if (!(gradientClip >= 0)) {
      throw new IllegalArgumentException("gradientClip must not be negative, was " + gradientClip);
    }
  }

  private static void share(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " must be in 0..1 without 1, was " + value);
    }
  }
}
