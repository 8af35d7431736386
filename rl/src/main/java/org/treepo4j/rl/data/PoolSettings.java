package org.treepo4j.rl.data;

import org.treepo4j.base.settings.Setting;

/** How often tasks are drawn by how well they went lately: {@code data.pools}. */
public record PoolSettings(
    @Setting("whether a task's recent success rate decides how often it is drawn") boolean enabled,
    @Setting("a task is hard while its recent success rate is below this") double hardBelow,
    @Setting("a task is easy while its recent success rate is above this") double easyAbove,
    @Setting("how often a hard task is drawn, relative to one between; 0.01 to 1") double hardShare,
    @Setting("how often an easy task is drawn, relative to one between; 0.01 to 1")
        double easyShare,
    @Setting(
            value = "trees of a task that its recent success rate is the mean of, fading beyond",
            max = 1e6)
        int recent) {
  private static final double LEAST_SHARE = 0.01;

  public PoolSettings {
    if (!(hardBelow >= 0 && hardBelow <= easyAbove && easyAbove <= 1)) {
      throw new IllegalArgumentException(
          "hardBelow and easyAbove must be in 0..1 in this order, were "
              + hardBelow
              + " and "
              + easyAbove);
    }
    requireShare("hardShare", hardShare);
    requireShare("easyShare", easyShare);
    if (recent < 1) {
      throw new IllegalArgumentException("recent must be positive, was " + recent);
    }
  }

  /** Off; when switched on, easy tasks come a tenth as often, hard ones half as often. */
  public static PoolSettings defaults() {
    return new PoolSettings(false, 0.1, 0.9, 0.5, 0.1, 2);
  }

  private static void requireShare(String name, double share) {
    if (!(share >= LEAST_SHARE && share <= 1)) {
      throw new IllegalArgumentException(
          name + " must be within " + LEAST_SHARE + "..1, was " + share);
    }
  }
}
