package org.treepo4j.rl.data;

import java.io.IOException;
import java.nio.file.Path;

/** A file of tasks that cannot be understood; the message names file, line, field and the wish. */
public final class DataException extends IOException {
  private static final long serialVersionUID = 1L;

  DataException(String message) {
    super(message);
  }

  DataException(Path file, String problem) {
    this(file + ": " + problem);
  }

  DataException(Path file, long line, String problem) {
    this(file + ":" + line + ": " + problem);
  }
}
