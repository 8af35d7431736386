package org.treepo4j.rl.grading;

import java.util.Optional;

/** Compares the final answer of a solution with the reference answer. */
public final class AnswerGrader {

  /**
   * Grades a prediction; never throws and never runs long.
   *
   * @param prediction a whole solution or a bare answer
   * @param answer the reference: a bare answer or a solution that ends in one
   */
  public Grade grade(String prediction, String answer) {
    String extracted = extract(prediction);
    boolean correct = !extracted.isEmpty() && extracted.equals(extract(answer));
    return new Grade(correct, Optional.of(extracted).filter(e -> !e.isEmpty()), false);
  }

  private static String extract(String text) {
    int box = text.lastIndexOf("\\boxed{");
    int end = box < 0 ? -1 : text.indexOf('}', box);
    if (end > 0) {
      return text.substring(box + "\\boxed{".length(), end).strip();
    }
    int hashes = text.lastIndexOf("####");
    return hashes < 0 ? text.strip() : text.substring(hashes + "####".length()).strip();
  }
}
