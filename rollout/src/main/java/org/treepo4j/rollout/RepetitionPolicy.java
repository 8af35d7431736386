package org.treepo4j.rollout;

/** Whether a segment that repeats itself ends its path (algorithm page, 2.1). */
public enum RepetitionPolicy {
  /** Before every other reason (recipe {@code most_prioritized}). */
  MOST_PRIORITIZED,
  /** Only when nothing else ends the path (recipe {@code least_prioritized}). */
  LEAST_PRIORITIZED,
  /** Repetitions are not looked for. */
  NONE
}
