package org.treepo4j.grading;

/**
 * The grader itself failed: a fault in it, not in the answer. Nothing is known of the answer then;
 * whoever asked must count it apart from wrong ones.
 */
public final class GradingException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN = 120;

  /**
   * @param prediction what was graded
   * @param answer what it was compared with
   * @param cause the fault
   */
  public GradingException(String prediction, String answer, Throwable cause) {
    super(
        "the grader failed on \"%s\" against \"%s\": %s"
            .formatted(shown(prediction), shown(answer), cause),
        cause);
  }

  /** The end, where answers stand. */
  private static String shown(String text) {
    return text.length() <= SHOWN ? text : "…" + text.substring(text.length() - SHOWN);
  }
}
