package org.treepo4j.checkpoints;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.treepo4j.base.Printable;

/**
 * A file of weights, configuration or training state that cannot be read or written. The message is
 * one line: the file, a colon, and what is wrong with it.
 */
public class CheckpointException extends IOException {
  private static final int LONGEST_QUOTE = 120;

  /**
   * @param file the file or folder at fault
   * @param problem what is wrong, without the file's name
   */
  public CheckpointException(Path file, String problem) {
    super(Printable.of(file.toString()) + ": " + Printable.of(problem));
  }

  /** As above, with the failure underneath. */
  public CheckpointException(Path file, String problem, Throwable cause) {
    super(Printable.of(file.toString()) + ": " + Printable.of(problem), cause);
  }

  /** Names the file in a failure of the operating system; ours pass through. */
  public static CheckpointException of(Path file, String doing, IOException failure) {
    if (failure instanceof CheckpointException named) {
      return named;
    }
    String reason = failure.getMessage();
    if (failure instanceof NoSuchFileException) {
      reason = "no such file";
    } else if (failure instanceof FileAlreadyExistsException) {
      reason = "exists already";
    } else if (failure instanceof FileSystemException system && system.getReason() != null) {
      reason = system.getReason();
    }
    if (reason == null) {
      reason = failure.getClass().getSimpleName();
    }
    return new CheckpointException(file, doing + ": " + reason, failure);
  }

  /** Text from a file, quoted, cut and without control characters, for use in a message. */
  public static String quoted(String hostile) {
    String shown =
        hostile.length() <= LONGEST_QUOTE ? hostile : hostile.substring(0, LONGEST_QUOTE) + "…";
    return '"' + Printable.of(shown) + '"';
  }
}
