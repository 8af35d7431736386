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

    private final boolean readerLeft;

    OutputException(IOException cause) {
      super("stdout: cannot be written: " + cause.getMessage(), cause);
      this.readerLeft =
          String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT).contains("pipe");
    }

    /** Whether it is a pipe whose reader has closed it, as {@code head} does with what it needs. */
    boolean readerLeft() {
      return readerLeft;
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
      throw new OutputException(e);
    }
  }
}
