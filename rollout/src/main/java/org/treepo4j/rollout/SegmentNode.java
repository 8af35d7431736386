package org.treepo4j.rollout;

import java.util.Arrays;

/**
 * One segment of a rollout tree, or a part of one where a fallback cut it in two. Arrays are not
 * copied.
 *
 * @param id positive, unique in its tree; node 0 is the prompt and is not listed
 * @param parent id of the node it continues; 0 for the prompt
 * @param tokens sampled token ids, at least one
 * @param logprobs log-probability in nats of each token under the distribution it was sampled from
 *     (after temperature and truncation); NaN where a file does not tell
 * @param modelLogprobs log-probability of each token under the model's own distribution
 *     (temperature 1, nothing truncated); NaN where a file does not tell
 * @param entropies entropy in nats of the model's own distribution at each step; NaN where a file
 *     does not tell
 * @param branch the {@linkplain RandomStreams random stream} its tokens were drawn with, 1 and up;
 *     0 where a file does not tell
 * @param fallback whether it begins at the cut of a fallback
 * @param learned whether the policy chose the token, so that it can learn from it; tokens it was
 *     given, such as the output of a tool, stand in the tree and take no part in the loss
 */
public record SegmentNode(
    int id,
    int parent,
    int[] tokens,
    double[] logprobs,
    double[] modelLogprobs,
    double[] entropies,
    int branch,
    boolean fallback,
    boolean[] learned) {

  public SegmentNode {
    if (id <= 0) {
      throw new IllegalArgumentException("node id must be positive, was " + id);
    }
    if (parent < 0 || parent == id) {
      throw new IllegalArgumentException("parent of node " + id + " is not a node: " + parent);
    }
    if (tokens.length == 0) {
      throw new IllegalArgumentException("node " + id + " must hold at least one token");
    }
    sameLength(id, "logprobs", logprobs, tokens.length);
    sameLength(id, "modelLogprobs", modelLogprobs, tokens.length);
    sameLength(id, "entropies", entropies, tokens.length);
    if (learned.length != tokens.length) {
      throw new IllegalArgumentException(
          "learned of node "
              + id
              + " must have "
              + tokens.length
              + " values, had "
              + learned.length);
    }
    if (branch < 0) {
      throw new IllegalArgumentException(
          "branch of node " + id + " must not be negative, was " + branch);
    }
  }

  /** A node whose tokens all come from the policy. */
  public SegmentNode(
      int id,
      int parent,
      int[] tokens,
      double[] logprobs,
      double[] modelLogprobs,
      double[] entropies,
      int branch,
      boolean fallback) {
    this(
        id,
        parent,
        tokens,
        logprobs,
        modelLogprobs,
        entropies,
        branch,
        fallback,
        all(tokens.length));
  }

  /** The same node, of whose tokens the policy chose these. */
  public SegmentNode withLearned(boolean... chosen) {
    return new SegmentNode(
        id, parent, tokens, logprobs, modelLogprobs, entropies, branch, fallback, chosen);
  }

  /** How many of its tokens the policy chose. */
  public int learnedTokens() {
    int count = 0;
    for (boolean one : learned) {
      count += one ? 1 : 0;
    }
    return count;
  }

  private static boolean[] all(int tokens) {
    boolean[] all = new boolean[tokens];
    Arrays.fill(all, true);
    return all;
  }

  /** A node of unknown branch that does not begin at a fallback. */
  public SegmentNode(
      int id,
      int parent,
      int[] tokens,
      double[] logprobs,
      double[] modelLogprobs,
      double[] entropies) {
    this(id, parent, tokens, logprobs, modelLogprobs, entropies, 0, false);
  }

  private static void sameLength(int id, String name, double[] values, int tokens) {
    if (values.length != tokens) {
      throw new IllegalArgumentException(
          name + " of node " + id + " must have " + tokens + " values, had " + values.length);
    }
  }
}
