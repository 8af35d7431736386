package org.treepo4j.cli;

/** What the user gave cannot be used; the message is one line that says what was expected. */
final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1;

  InputException(String message) {
    super(message);
  }
}
