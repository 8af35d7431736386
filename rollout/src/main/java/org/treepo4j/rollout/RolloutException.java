package org.treepo4j.rollout;

/** Sampling failed; the message is one line that names the prompts concerned. */
public final class RolloutException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public RolloutException(String message, Throwable cause) {
    super(message, cause);
  }
}
