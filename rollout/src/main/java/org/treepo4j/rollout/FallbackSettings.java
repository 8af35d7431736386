package org.treepo4j.rollout;

import org.treepo4j.base.settings.Setting;

/** Branching again from finished trajectories; {@code rollout.fallback.*}. */
public record FallbackSettings(
    @Setting("Where a donor is cut, or NONE for no fallback; recipe tree_fallback_policy.")
        FallbackPosition position,
    @Setting(
            "Which finished trajectories are branched, and in what order; recipe"
                + " tree_fallback_traj_policy.")
        DonorOrder donors,
    @Setting(
            value =
                "Window in tokens; a shorter donor restarts from the root; 0 takes segmentLength;"
                    + " recipe tree_fallback_window_size.",
            max = 1 << 20)
        int window,
    @Setting(
            value =
                "RANDOM only: most windows back from the end; 0 for no limit; recipe"
                    + " tree_max_fallback_window.",
            max = 1 << 20)
        int maxFallbackWindow,
    @Setting(
            value = "BLOCK and INVERSE_BLOCK only: tokens of a block; recipe cal_prob_block_size.",
            max = 1 << 20)
        int blockSize,
    @Setting(
            value =
                "ANSWERED_AT_LEAST only: least length of a donor in windows; recipe boxed_ge_window_N.",
            max = 1 << 20)
        int minDonorWindows) {

  public static FallbackSettings defaults() {
    return new FallbackSettings(FallbackPosition.RANDOM, DonorOrder.ANSWERED_OR_EOS, 0, 0, 128, 1);
  }

  public FallbackSettings {
    Checks.present("position", position);
    Checks.present("donors", donors);
    Checks.notNegative("window", window);
    Checks.notNegative("maxFallbackWindow", maxFallbackWindow);
    Checks.positive("blockSize", blockSize);
    Checks.positive("minDonorWindows", minDonorWindows);
  }

  public FallbackSettings withPosition(FallbackPosition other) {
    return new FallbackSettings(
        other, donors, window, maxFallbackWindow, blockSize, minDonorWindows);
  }
}
