package org.treepo4j.rl.tasks;

import java.util.SplittableRandom;

/**
 * A task with as many problems as one likes, and a mediocre way of answering them that a base model
 * can be pretrained on. Problems and demonstrations depend on the random stream only.
 */
public interface SyntheticTask {

  /**
   * A problem and the answer that counts.
   *
   * @param prompt what the policy is given
   * @param answer what its answer must equal
   */
  record Problem(String prompt, String answer) {}

  /** The name used in settings and on the command line. */
  String name();

  /** Draws a problem. */
  Problem problem(SplittableRandom random);

  /** What a base model should have seen after this prompt: not always right, on purpose. */
  String demonstration(Problem problem, SplittableRandom random);
}
