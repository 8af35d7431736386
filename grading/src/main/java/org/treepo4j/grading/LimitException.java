package org.treepo4j.grading;

/** The grading's budget is used up; caught by the grader, never seen outside. */
final class LimitException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  LimitException() {
    super("grading limit reached", null, false, false);
  }
}
