package org.treepo4j.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Locale;

/**
 * Standard output, whose failures end the command: writers in between swallow what is checked, and
 * a command whose results are lost must not seem to have succeeded, nor work on for nobody.
 */
final class ResultStream extends OutputStream {
  private final OutputStream out;

  /** Standard output cannot be written; the message says why. */
  static final class OutputException extends UncheckedIOException {
    private static final long serialVersionUID = 1;

    OutputException(String message, IOException cause) {
      super(message, cause);
    }
  }

  ResultStream(OutputStream out) {
    this.out = out;
  }

  static ResultStream standardOutput() {
    return new ResultStream(new FileOutputStream(FileDescriptor.out));
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      String reason = String.valueOf(e.getMessage());
      boolean closed = reason.toLowerCase(Locale.ROOT).contains("pipe");
      throw new OutputException(
          closed
              ? "stdout: whoever read it has stopped; the results behind are lost"
              : "stdout: cannot be written: " + reason,
          e);
    }
  }
}
