package org.treepo4j.rollout;

/**
 * Why a trajectory ended; the preference orders donors of a fallback (algorithm page, 2.1).
 *
 * <p>{@link TreeSampler} gives every reason but {@link #UNCLOSED_ANSWER} and {@link #UNFINISHED},
 * which files of other makers may hold.
 */
public enum FinishReason {
  ANSWERED(7),
  UNCLOSED_ANSWER(6),
  EOS(5),
  MAX_DEPTH(4),
  MAX_RESPONSE_TOKENS(3),
  REPETITION(2),
  UNFINISHED(1);

  private final int preference;

  FinishReason(int preference) {
    this.preference = preference;
  }

  /** Higher is preferred. */
  public int preference() {
    return preference;
  }
}
