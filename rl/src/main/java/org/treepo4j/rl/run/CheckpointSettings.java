package org.treepo4j.rl.run;

import org.treepo4j.base.settings.Setting;

/** When checkpoints are written and how many stay. */
public record CheckpointSettings(
    @Setting(value = "steps between two checkpoints; 0 for one at the end only", mayChange = true)
        int everySteps,
    @Setting(value = "newest checkpoints kept, besides the best", mayChange = true, max = 1e6)
        int keepLast) {

  public static CheckpointSettings defaults() {
    return new CheckpointSettings(50, 2);
  }

  public CheckpointSettings {
    if (everySteps < 0) {
      throw new IllegalArgumentException("everySteps must not be negative, was " + everySteps);
    }
    if (keepLast <= 0) {
      throw new IllegalArgumentException("keepLast must be positive, was " + keepLast);
    }
  }
}
