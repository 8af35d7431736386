package org.treepo4j.rollout;

import java.util.Arrays;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.rollout.DonorOrder.Donor;

/**
 * A trajectory that counts.
 *
 * @param leaf its last node
 * @param finish why it ended
 * @param response its tokens
 * @param text of these
 * @param keys the decoder's path up to the token before the last, or further; paths of one row
 *     share it
 * @param experts of the prompt's and its tokens, {@code [tokens × layers × perToken]}, −1 where the
 *     decoder has not computed one; empty where they are not kept or there are none
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record FinishedPath(
    GrowingNode leaf,
    FinishReason finish,
    int[] response,
    String text,
    BranchingDecoder.Path keys,
    short[] experts)
    implements Donor {

  /** Whether its response begins with these tokens and goes on. */
  boolean continues(int[] tokens) {
    return response.length > tokens.length
        && Arrays.equals(response, 0, tokens.length, tokens, 0, tokens.length);
  }

  /** Whether the decoder holds {@code token} as response token {@code position} of this path. */
  boolean holds(int position, int token) {
    return position < response.length - 1 && response[position] == token;
  }

  @Override
  public int length() {
    return response.length;
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
