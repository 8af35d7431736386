package org.treepo4j.base.settings;

/**
 * A setting or its file is wrong; the message is one line that names it and says what is expected.
 */
public final class SettingsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public SettingsException(String message) {
    super(message);
  }
}
