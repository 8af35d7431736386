package org.treepo4j.report;

import java.io.IOException;

/** A run directory that cannot be shown; the message is one line that names the file. */
public class ReportException extends IOException {

  public ReportException(String message) {
    super(message);
  }

  ReportException(String message, Throwable cause) {
    super(message, cause);
  }
}
