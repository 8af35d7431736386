package org.treepo4j.base;

import java.nio.file.Files;
import java.nio.file.Path;

/** What the user gave cannot be used; the message is one line that says what was expected. */
public final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public InputException(String message) {
    super(message);
  }

  /** Refuses a file that is not there. */
  public static void requireFile(Path file) {
    if (!Files.exists(file)) {
      throw new InputException(file + ": no such file");
    }
  }
}
