package org.treepo4j.rollout;

/** When a response counts as answered (algorithm page, 2.1). */
public enum AnswerPolicy {
  /** A complete {@code \boxed{…}} ends the path (recipe {@code boxed_as_eos}). */
  BOXED_AS_EOS {
    @Override
    boolean answered(boolean boxed, boolean ended) {
      return boxed;
    }
  },
  /**
   * A complete {@code \boxed{…}} and an end of sequence (recipe {@code boxed_and_eos_first}); a
   * path with an answer alone goes on.
   */
  BOXED_AND_EOS {
    @Override
    boolean answered(boolean boxed, boolean ended) {
      return boxed && ended;
    }
  };

  abstract boolean answered(boolean boxed, boolean ended);
}
