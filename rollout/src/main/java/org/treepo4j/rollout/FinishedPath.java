package org.treepo4j.rollout;

import org.treepo4j.model.BranchingDecoder;

/**
 * A trajectory that counts.
 *
 * @param leaf its last node
 * @param finish why it ended
 * @param keys the decoder's path up to the token before the last
 */
record FinishedPath(GrowingNode leaf, FinishReason finish, BranchingDecoder.Path keys)
    implements Donor {

  @Override
  public int length() {
    return leaf.end();
  }

  @Override
  public double[] logprobs() {
    double[] logprobs = new double[length()];
    int next = 0;
    for (GrowingNode node : leaf.path()) {
      for (int i = 0; i < node.sampled().size(); i++) {
        logprobs[next++] = node.sampled().logprob(i);
      }
    }
    return logprobs;
  }
}
