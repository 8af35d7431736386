package org.treepo4j.rollout;

import java.io.IOException;

/** A tree file cannot be read; the message is one line naming the file and the line number. */
public final class TreeFileException extends IOException {
  private static final long serialVersionUID = 1;

  TreeFileException(String source, long line, String reason) {
    super(source + " line " + line + ": " + reason);
  }
}
