package org.treepo4j.rollout;

/** What bounds the trajectories of a prompt (algorithm page, 2.2). */
public enum TotalBudget {
  /** {@code maxWidth} trajectories (recipe {@code by_response_traj}). */
  BY_TRAJECTORIES,
  /**
   * As many as are foreseen to fit into {@code maxResponseTokensPerPrompt} tokens, within {@code
   * minWidth..maxWidth} (recipe {@code by_response_token}). The limit steers branching and stops
   * fallbacks; paths once begun run to their end.
   */
  BY_RESPONSE_TOKENS
}
