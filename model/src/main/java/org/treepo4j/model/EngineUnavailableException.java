package org.treepo4j.model;

/** An engine cannot run on this machine or class path; the message is one line that says why. */
public final class EngineUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public EngineUnavailableException(String message) {
    super(message);
  }
}
