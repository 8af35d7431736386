package org.treepo4j.rl.reward;

/**
 * Scores cannot be trusted any more; the run stops. Every other exception of a reward costs its own
 * response only.
 */
public final class RewardException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * @param message one line that names the reward and says what it did
   */
  public RewardException(String message) {
    super(message);
  }
}
