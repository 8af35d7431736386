package org.treepo4j.grading;

/** A division by zero or logarithm of zero at one point; other points may do. */
final class UndefinedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UndefinedException() {
    super("undefined", null, false, false);
  }
}
