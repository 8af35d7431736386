package org.treepo4j.rl.reward;

/** What decides whether a response is correct. */
public enum OutcomeRule {
  /** The final answer equals the task's answer. */
  ANSWER,
  /** The final expression reaches the target with the given numbers ({@link CountdownReward}). */
  COUNTDOWN,
  /** The regular expression is found in the response. */
  REGEX,
  /** The external program says so. */
  PROGRAM
}
