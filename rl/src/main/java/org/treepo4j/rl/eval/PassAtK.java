package org.treepo4j.rl.eval;

/** The chance that at least one of k responses is right. */
final class PassAtK {
  private PassAtK() {}

  /**
   * The unbiased estimate from more than k responses, {@code 1 − C(n−c, k) / C(n, k)} (Chen et al.
   * 2021, Evaluating Large Language Models Trained on Code, equation 1), as a product that does not
   * overflow.
   *
   * @param samples n, the number of responses
   * @param correct c, how many of them are right
   * @param k within 1..n
   */
  public static double unbiased(int samples, int correct, int k) {
    if (k < 1 || k > samples) {
      throw new IllegalArgumentException("k must be within 1.." + samples + ", was " + k);
    }
    if (correct < 0 || correct > samples) {
      throw new IllegalArgumentException(
          "correct must be within 0.." + samples + ", was " + correct);
    }
    double allWrong = 1;
    for (int i = 0; i < k; i++) {
      allWrong *= Math.max(0, samples - correct - i) / (double) (samples - i);
    }
    return 1 - allWrong;
  }
}
