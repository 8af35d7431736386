package org.treepo4j.rollout;

/** Whether trajectories of a prompt share what they can. */
public enum RolloutKind {
  /** Trajectories share prefixes (TreePO; recipe {@code infer_mode=tree}). */
  TREE,
  /**
   * {@code maxWidth} trajectories from the root that never branch: the baseline of every comparison
   * (recipe {@code rollout.n}). Segments, depth and stop rules are the same.
   */
  INDEPENDENT
}
