package org.treepo4j.base;

import java.nio.file.Path;
import org.treepo4j.base.files.InputFile;

/** What the user gave cannot be used; the message is one line that says what was expected. */
public final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public InputException(String message) {
    super(message);
  }

  /** Refuses what is no file: nothing, a folder, a pipe. */
  public static void requireFile(Path file) {
    InputFile.notAFile(file)
        .ifPresent(
            problem -> {
              throw new InputException(file + ": " + problem);
            });
  }
}
