package org.treepo4j.rl.run;

/** A run cannot go on; the message is one line that says why and what can be done. */
public final class TrainingException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public TrainingException(String message) {
    super(message);
  }
}
