package org.treepo4j.rl.train;

import org.treepo4j.model.Setting;

/**
 * When checkpoints are written and how many stay.
 *
 * @param everySteps steps between two checkpoints; 0 for one at the end only
 * @param keepLast newest checkpoints kept, besides the best
 */
public record CheckpointSettings(
    @Setting("steps between two checkpoints; 0 for one at the end only") int everySteps,
    @Setting("newest checkpoints kept, besides the best") int keepLast) {

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
