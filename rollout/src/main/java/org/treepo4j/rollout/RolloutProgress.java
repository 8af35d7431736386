package org.treepo4j.rollout;

/** Told now and then how far a rollout has come; called on the sampling thread. */
@FunctionalInterface
public interface RolloutProgress {

  /** Tells nobody. */
  RolloutProgress SILENT = (finishedPrompts, trajectories, sampledTokens) -> {};

  /**
   * Called after every batch the decoder has advanced.
   *
   * @param finishedPrompts prompts whose tree is done
   * @param trajectories finished of all prompts
   * @param sampledTokens in complete segments of all prompts
   */
  void update(int finishedPrompts, long trajectories, long sampledTokens);
}
