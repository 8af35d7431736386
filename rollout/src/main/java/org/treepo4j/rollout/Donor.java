package org.treepo4j.rollout;

/** What a fallback may know of a finished trajectory. */
interface Donor {
  FinishReason finish();

  /** Response tokens. */
  int length();

  /** Log-probabilities of the response tokens under the distribution sampled from. */
  double[] logprobs();
}
