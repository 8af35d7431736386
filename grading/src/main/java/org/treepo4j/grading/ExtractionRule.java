package org.treepo4j.grading;

/** Where the final answer of a solution is looked for. */
public enum ExtractionRule {
  /** "The final answer is 5. I hope it is correct.", the closing words of Minerva's examples. */
  SIGN_OFF,
  /** The last balanced {@code \boxed{}} or {@code \fbox{}}, with the boxes listed before it. */
  BOXED,
  /** What follows the last {@code ####}, as in GSM8K. */
  HASHES,
  /** The last {@code <answer>…</answer>}. */
  ANSWER_TAG,
  /** "answer is …", "Answer: …", "A: …". */
  PHRASE,
  /** The whole text, where it is a bare answer. */
  WHOLE,
  /** The last formula, where no number follows it. */
  LAST_FORMULA,
  /** The last number. */
  LAST_NUMBER
}
